-- Whether a key that is over is followed by one that works, however many terms later. Asked of an expired key alone, so that
-- a check of a good one stays one statement.
create function key_is_followed(of_key uuid, at timestamptz) returns boolean
  language sql stable security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  with recursive later as (
    select n.id, n.organization_id, n.starts_at, n.expires_at
    from keys k join keys n on n.organization_id = k.organization_id and n.follows_id = k.id
    where k.id = of_key
    union all
    select n.id, n.organization_id, n.starts_at, n.expires_at
    from later l join keys n on n.organization_id = l.organization_id and n.follows_id = l.id
  )
  select exists (select from later l
    where l.starts_at <= at and (l.expires_at is null or l.expires_at > at)
      and not exists (select from revocations r
        where r.organization_id = l.organization_id and r.key_id = l.id and r.restored_at is null))
$$;
