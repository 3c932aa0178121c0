-- From when on the place of an installation is another's: once it has given a key back there, and the rest has ended as well.
-- Each key that it activated there and has not given back holds the place to the key's own end, and no longer than its lease
-- where it was left: the same plugin has begun with another key since, or the installation called after that lease had run
-- out, without it. A key that it calls with and never activated holds it to the key's end. Null where none of that ends.
create function place_free_from(of_organization uuid, of_instance uuid, of_installation text) returns timestamptz
  language sql stable
  set search_path = pg_catalog, public, pg_temp
as $$
  with here as (
    select a.*, k.product_id, least(k.expires_at, (select r.revoked_at from revocations r
      where r.organization_id = k.organization_id and r.key_id = k.id and r.restored_at is null)) as key_ends_at
    from activations a join keys k on k.organization_id = a.organization_id and k.id = a.key_id
    where a.organization_id = of_organization and a.instance_id = of_instance and a.installation_id = of_installation
  ), held as (
    select case
        when a.given_back_at is not null or exists (select from here b where b.id <> a.id
          and (b.product_id = a.product_id and b.created_at > a.refreshed_at or b.refreshed_at > a.lease_ends_at))
        then a.lease_ends_at
        when a.key_ends_at is not null then greatest(a.lease_ends_at, a.key_ends_at) end as until
    from here a
    union all
    select least(k.expires_at, (select r.revoked_at from revocations r
      where r.organization_id = k.organization_id and r.key_id = k.id and r.restored_at is null))
    from sightings s join keys k on k.organization_id = s.organization_id and k.id = s.key_id
    where s.organization_id = of_organization and s.instance_id = of_instance and s.installation_id = of_installation
      and s.last_at > (select max(a.given_back_at) from here a) and not exists (select from here a where a.key_id = s.key_id)
  )
  select case when bool_and(until is not null) then max(until) end from held
  where exists (select from here a where a.given_back_at is not null)
$$;
--> statement-breakpoint
-- What holds a place in each environment: also for a test copy the one before it, until its last lease has run out, since a
-- copy that is retired gives back what it had and is not the next one's instance. Who leaves its own place to another is told
-- by the day on which that is free, and not by a key that it never gave back.
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
          and a.installation_id is distinct from caller
          and (a.instance_id, a.installation_id) is distinct from (i.id, i.installation_id)),
        'freeFrom', case when i.installation_id <> caller
          then place_free_from(k.organization_id, i.id, i.installation_id) end,
        'copyUntil', case when i.environment = 'test' then (
          select max(a.lease_ends_at) from activations a
          where a.organization_id = k.organization_id and a.key_id = k.id and a.environment = 'test' and a.exclusive
            and a.given_back_at is not null and a.instance_id <> i.id and a.installation_id is distinct from caller) end)), '[]')
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
-- Nothing uses a key any more in an instance that is retired and not the key's own: it is given back when that happens, from
-- now on, and here for those that were retired before.
select set_config('latchkey.scope', 'system', true);
--> statement-breakpoint
update activations a set given_back_at = greatest(i.retired_at, a.created_at)
from instances i, keys k
where i.organization_id = a.organization_id and i.id = a.instance_id and i.retired_at is not null
  and k.organization_id = a.organization_id and k.id = a.key_id and k.instance_id is distinct from i.id
  and a.given_back_at is null;
--> statement-breakpoint
select set_config('latchkey.scope', '', true);
