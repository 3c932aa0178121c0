-- With each place of another installation: from when on it is free, once that one has given back every key that it activated
-- there and has not called with any other since. Asked for such a caller alone, so that a daily check costs what it did.
create or replace function check_key(wanted bytea, caller text, address text)
  returns table (
    key_id uuid, organization_id uuid, short_id text, kind key_kind, binding key_binding, product_id uuid,
    starts_at timestamptz, expires_at timestamptz, term_ends_at timestamptz, renewed_at timestamptz, replaced_at timestamptz,
    first_seen_at timestamptz, revoked revocation_reason, organization text, slug text, time_zone text, places jsonb,
    activation jsonb
  )
  language sql stable security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  select k.id, k.organization_id, k.short_id, k.kind, k.binding, k.product_id, k.starts_at, k.expires_at, k.term_ends_at,
    k.renewed_at, k.replaced_at, k.first_seen_at,
    (select r.reason from revocations r
      where r.organization_id = k.organization_id and r.key_id = k.id and r.restored_at is null),
    o.name, o.slug, o.time_zone,
    (select coalesce(jsonb_agg(jsonb_build_object(
        'instanceId', i.id, 'environment', i.environment, 'installationId', i.installation_id, 'url', i.url, 'here', i.here,
        'own', i.id is not distinct from k.instance_id,
        'taken', exists (select from activations a where a.organization_id = k.organization_id and a.key_id = k.id
          and a.environment = i.environment and a.exclusive and a.given_back_at is null
          and a.installation_id is distinct from caller),
        'freeFrom', case when i.installation_id <> caller then (
          select max(a.lease_ends_at) from activations a
          where a.organization_id = k.organization_id and a.instance_id = i.id and a.installation_id = i.installation_id
          having bool_and(a.given_back_at is not null)
            and not exists (select from sightings s
              where s.organization_id = k.organization_id and s.instance_id = i.id and s.installation_id = i.installation_id
                and s.last_at > max(a.given_back_at)
                and not exists (select from activations b where b.organization_id = s.organization_id and b.key_id = s.key_id
                  and b.instance_id = s.instance_id and b.installation_id = s.installation_id))) end)), '[]')
      from (
        select i.id, i.environment, i.installation_id,
          (select a.url from instance_addresses a where a.organization_id = i.organization_id and a.instance_id = i.id
            and a.ordinal = 0 and a.retired_at is not distinct from i.retired_at) as url,
          exists (select from instance_addresses a where a.organization_id = i.organization_id and a.instance_id = i.id
            and a.url_identity = address and a.retired_at is not distinct from i.retired_at) as here
        from instances i
        where i.organization_id = k.organization_id and k.instance_id is not null
          and (i.id = k.instance_id or i.test_of_id = k.instance_id and i.retired_at is null)
        union all
        select i.id, i.environment, i.installation_id,
          (select a.url from instance_addresses a where a.organization_id = i.organization_id and a.instance_id = i.id
            and a.ordinal = 0 and a.retired_at is null),
          f.here
        from (
          select i.id, bool_or(i.here) as here from (
            select i.id, false as here from instances i
              where i.organization_id = k.organization_id and i.installation_id = caller and i.retired_at is null
            union all
            select a.instance_id, true from instance_addresses a
              where a.organization_id = k.organization_id and a.url_identity = address and a.retired_at is null
          ) i group by i.id limit 10
        ) f join instances i on i.id = f.id and i.organization_id = k.organization_id
        where k.instance_id is null
      ) i),
    (select jsonb_build_object('id', a.id, 'instanceId', a.instance_id, 'environment', a.environment,
        'leaseEndsAt', a.lease_ends_at, 'secretHash', encode(a.secret_hash, 'hex'))
      from activations a
      where a.organization_id = k.organization_id and a.key_id = k.id and a.installation_id = caller
        and a.given_back_at is null)
  from keys k join organizations o on o.id = k.organization_id
  where k.fingerprint = wanted
$$;
--> statement-breakpoint
-- Whatever calls with a key can give an instance the installation ID that it lacks, or another in place of one that has given
-- back all that it had there. That its leases have run out is the rule's to see: the database does not know what time it is.
drop trigger instances_installation_id_given on instances;--> statement-breakpoint
create function refuse_held_place() returns trigger
  language plpgsql
as $$
begin
  if new.installation_id is null
    or (select bool_and(a.given_back_at is not null) from activations a
      where a.organization_id = old.organization_id and a.instance_id = old.id and a.installation_id = old.installation_id)
      is not true
  then raise exception 'the place of % is held', old.installation_id using errcode = 'check_violation', table = tg_table_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger instances_installation_id_given after update of installation_id on instances
  for each row when (session_user = 'latchkey_key_service' and old.installation_id is not null
    and new.installation_id is distinct from old.installation_id)
  execute function refuse_held_place();
