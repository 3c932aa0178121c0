-- Which instances of any organization have a name or an address like the patterns: behind row security no trigram index is
-- used. Only IDs come out, and only in the scope of staff, which sees every row anyway; the rest is read behind the policies.
create function search_instances(name_pattern text, address_patterns text[], most integer)
  returns setof uuid
  language sql stable security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  select found.id from (
    (select i.id from instances i where i.label_folded like name_pattern limit most)
    union
    (select a.instance_id from unnest(address_patterns) pattern cross join lateral (
      select a.instance_id from instance_addresses a where a.url_identity ilike pattern limit most
    ) a)
  ) found
  where current_scope() = 'staff'
$$;
