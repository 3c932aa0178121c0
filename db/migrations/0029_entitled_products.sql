-- Of which products the installation that calls with a key has a key that works: its own instance's, as a test copy those of
-- its production instance, and those of the whole organization. Nothing to an installation that the key is not at home in.
create function entitled_products(of_key uuid, caller text, at timestamptz) returns setof uuid
  language sql stable security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  select distinct w.product_id
  from keys k
    join instances i on i.organization_id = k.organization_id and i.installation_id = caller and i.retired_at is null
      and (k.instance_id is null or i.id = k.instance_id or i.test_of_id = k.instance_id)
    join keys w on w.organization_id = k.organization_id
      and (w.instance_id is null or w.instance_id = i.id or w.instance_id = i.test_of_id)
  where k.id = of_key and w.starts_at <= at and (w.expires_at is null or w.expires_at > at)
    and not exists (select from revocations r
      where r.organization_id = w.organization_id and r.key_id = w.id and r.restored_at is null)
$$;
