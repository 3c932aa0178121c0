ALTER TABLE "activations" ALTER COLUMN "lease" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "activations" ADD COLUMN "leases" jsonb DEFAULT '{}'::jsonb NOT NULL;
--> statement-breakpoint
-- Notes a lease that is given to an activation, for one product; the version before says none. Whoever names neither the
-- last lease of that product nor the one before it (whose answer may have been lost) has a copy of the installation; that
-- is the answer, null where there is no such activation.
drop function refresh_activation(uuid, uuid, uuid, uuid, timestamptz, timestamptz);--> statement-breakpoint
create function refresh_activation(activation uuid, of_key uuid, named uuid, given uuid, ends timestamptz, at timestamptz,
    of_product text default '')
  returns boolean
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  with before as (
    select a.id, (a.leases -> of_product ->> 0)::uuid as last, (a.leases -> of_product ->> 1)::uuid as previous
    from activations a
    where a.id = activation and a.key_id = of_key and a.given_back_at is null for no key update
  ), after as (
    update activations a set refreshed_at = greatest(a.refreshed_at, at), lease_ends_at = greatest(a.lease_ends_at, ends),
      leases = a.leases || jsonb_build_object(of_product,
        jsonb_build_array(given, case when named = b.previous then b.previous else b.last end))
    from before b where a.id = b.id
  )
  select (named <> b.last) is true and named is distinct from b.previous from before b
$$;
