-- The key service is of no scope that sees every organization, whatever it sets: its checks go through the functions below.
create or replace function current_scope() returns text
  language sql stable parallel safe
  return case when session_user = 'latchkey_key_service' then '' else coalesce(current_setting('latchkey.scope', true), '') end;
--> statement-breakpoint
-- Whatever calls with a key can give an instance the installation ID that it lacks, and never another one.
create constraint trigger instances_installation_id_given after update of installation_id on instances
  for each row when (session_user = 'latchkey_key_service' and old.installation_id is not null
    and new.installation_id is distinct from old.installation_id)
  execute function refuse_change();
--> statement-breakpoint
-- All that a verdict needs of a key, in one statement: the places where it may be used are its instance and that one's test
-- copies; of a key of the whole organization, the instances that have the caller's installation ID or address.
create function check_key(wanted bytea, caller text, address text)
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
          and a.installation_id is distinct from caller))), '[]')
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
-- Notes a lease that is given to an activation. Whoever names neither the last lease nor the one before it (whose answer
-- may have been lost) has a copy of the installation; that is the answer, null where there is no such activation.
create function refresh_activation(activation uuid, of_key uuid, named uuid, given uuid, ends timestamptz, at timestamptz)
  returns boolean
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  with before as (
    select a.id, a.lease, a.previous_lease from activations a
    where a.id = activation and a.key_id = of_key and a.given_back_at is null for no key update
  ), after as (
    update activations a set lease = given, refreshed_at = greatest(a.refreshed_at, at),
      lease_ends_at = greatest(a.lease_ends_at, ends),
      previous_lease = case when named = b.previous_lease then b.previous_lease else b.lease end
    from before b where a.id = b.id
  )
  select named is not null and named <> b.lease and named is distinct from b.previous_lease from before b
$$;
--> statement-breakpoint
-- What gathered in a second: the history of answers, when each installation was last seen, and what is to be asked.
create function record_checks(batch jsonb) returns void
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
declare
  q record;
begin
  insert into checks (organization_id, key_id, instance_id, installation_id, at, asked, code, notes, url, glpi_version,
      product_version, calls)
    select c.organization_id, c.key_id, c.instance_id, c.installation_id, c.at, c.asked, c.code, c.notes, c.url,
      c.glpi_version, c.product_version, c.calls
    from jsonb_to_recordset(batch -> 'checks') as c(organization_id uuid, key_id uuid, instance_id uuid,
      installation_id text, at timestamptz, asked text, code text, notes text[], url text, glpi_version text,
      product_version text, calls integer);
  -- In one order, so that two processes wait for one another and not in a circle.
  insert into sightings as was (organization_id, key_id, installation_id, instance_id, first_at, last_at, url, glpi_version,
      product_version)
    select s.organization_id, s.key_id, s.installation_id, s.instance_id, s.at, s.at, s.url, s.glpi_version, s.product_version
    from jsonb_to_recordset(batch -> 'sightings') as s(organization_id uuid, key_id uuid, installation_id text,
      instance_id uuid, at timestamptz, url text, glpi_version text, product_version text)
    order by s.organization_id, s.key_id, s.installation_id
    on conflict (organization_id, key_id, installation_id) do update set
      instance_id = excluded.instance_id, last_at = greatest(was.last_at, excluded.last_at),
      url = coalesce(excluded.url, was.url), glpi_version = coalesce(excluded.glpi_version, was.glpi_version),
      product_version = coalesce(excluded.product_version, was.product_version);
  update instances i set glpi_version = s.glpi_version
    from jsonb_to_recordset(batch -> 'sightings') as s(organization_id uuid, instance_id uuid, glpi_version text)
    where i.organization_id = s.organization_id and i.id = s.instance_id and s.glpi_version is not null
      and i.glpi_version is distinct from s.glpi_version;
  for q in
    select * from jsonb_to_recordset(batch -> 'questions') as asked(id uuid, organization_id uuid, key_id uuid,
      kind question_kind, installation_id text, url text, glpi_version text, refusal_code text, at timestamptz, calls integer)
    order by asked.organization_id, asked.key_id
  loop
    insert into question_counts (organization_id, key_id) values (q.organization_id, q.key_id) on conflict do nothing;
    perform from question_counts c where c.organization_id = q.organization_id and c.key_id = q.key_id for update;
    update questions w set calls = w.calls + q.calls, last_at = greatest(w.last_at, q.at), url = coalesce(q.url, w.url),
        glpi_version = coalesce(q.glpi_version, w.glpi_version)
      where w.organization_id = q.organization_id and w.key_id = q.key_id and w.kind = q.kind
        and w.installation_id = q.installation_id;
    continue when found;
    update question_counts c set open = c.open + 1
      where c.organization_id = q.organization_id and c.key_id = q.key_id and c.open < 20;
    if found then
      insert into questions (id, organization_id, key_id, kind, installation_id, url, glpi_version, refusal_code, first_at,
          last_at, calls)
        values (q.id, q.organization_id, q.key_id, q.kind, q.installation_id, q.url, q.glpi_version, q.refusal_code, q.at,
          q.at, q.calls);
    else
      update question_counts c set unlisted = c.unlisted + q.calls
        where c.organization_id = q.organization_id and c.key_id = q.key_id;
    end if;
  end loop;
end $$;
