-- A day that cannot be is none on which a place was given back, and could never be taken back (0036 asks the same otherwise).
drop trigger activations_stay on activations;
--> statement-breakpoint
create constraint trigger activations_stay after update of given_back_at, lease_ends_at on activations
  for each row when (session_user = 'latchkey_key_service' and (
    old.given_back_at is not null and new.given_back_at is distinct from old.given_back_at
    or not is_believed(coalesce(new.given_back_at, now()))
    or new.lease_ends_at < old.lease_ends_at
    or new.lease_ends_at > old.lease_ends_at
      and new.lease_ends_at > greatest(now(), new.refreshed_at) + interval '9624 hours'))
  execute function refuse_change();
--> statement-breakpoint
-- How long each key that an installation activated on an instance holds the place there; left: it was given back, the same
-- plugin has begun with another key since, or the installation called after that lease had run out, without it. Null where
-- the key that it goes on with never ends.
create function place_holds(of_organization uuid, of_instance uuid, of_installation text)
  returns table (is_left boolean, until timestamptz)
  language sql stable
  set search_path = pg_catalog, public, pg_temp
as $$
  with here as (
    select a.*, k.product_id, least(k.expires_at, (select r.revoked_at from revocations r
      where r.organization_id = k.organization_id and r.key_id = k.id and r.restored_at is null)) as key_ends_at
    from activations a join keys k on k.organization_id = a.organization_id and k.id = a.key_id
    where a.organization_id = of_organization and a.instance_id = of_instance and a.installation_id = of_installation
  ), held as (
    select a.*, a.given_back_at is not null or exists (select from here b where b.id <> a.id
      and (b.product_id = a.product_id and b.created_at > a.refreshed_at or b.refreshed_at > a.lease_ends_at)) as is_left
    from here a
  )
  select h.is_left, case when h.is_left then h.lease_ends_at
    when h.key_ends_at is not null then greatest(h.lease_ends_at, h.key_ends_at) end
  from held h
$$;
--> statement-breakpoint
-- The day that is said to whoever gives a key back: the last of all that was left there, be it an offline file's. Keys that
-- the installation still uses hold the place as well (place_free_from), and may be given back at any time.
create function place_left_until(of_organization uuid, of_instance uuid, of_installation text) returns timestamptz
  language sql stable
  set search_path = pg_catalog, public, pg_temp
as $$
  select max(h.until) from place_holds(of_organization, of_instance, of_installation) h where h.is_left
$$;
--> statement-breakpoint
-- As before (0043), by the same holds.
create or replace function place_free_from(of_organization uuid, of_instance uuid, of_installation text) returns timestamptz
  language sql stable
  set search_path = pg_catalog, public, pg_temp
as $$
  with here as (
    select a.key_id, a.given_back_at from activations a
    where a.organization_id = of_organization and a.instance_id = of_instance and a.installation_id = of_installation
  ), held as (
    select h.until from place_holds(of_organization, of_instance, of_installation) h
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
