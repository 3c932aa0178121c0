-- Two terms of one subscription never overlap: nothing is paid twice for the same day. With the organization, so that
-- the refusal does not tell whether another organization has such a subscription.
alter table terms add constraint terms_no_overlap
  exclude using gist (organization_id with =, subscription_id with =, tstzrange(starts_at, ends_at) with &&);
--> statement-breakpoint
-- Who asks: one call per page answers whose session this is and which organizations are theirs, before any scope is open.
create function session_context(token_hash text)
  returns table (
    person_id uuid, email text, name text, language language, time_zone text,
    expires timestamptz, last_used_at timestamptz, memberships jsonb
  )
  language sql stable security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  select p.id, p.email, p.name, p.language, p.time_zone, s.expires, s.last_used_at,
    coalesce((
      select jsonb_agg(jsonb_build_object('organizationId', o.id, 'slug', o.slug, 'name', o.name,
               'timeZone', o.time_zone, 'role', m.role) order by o.name, o.id)
      from memberships m join organizations o on o.id = m.organization_id
      where m.person_id = p.id
    ), '[]'::jsonb)
  from sessions s join people p on p.id = s.person_id
  where s.token_hash = session_context.token_hash
$$;
--> statement-breakpoint
-- graphile-worker's tables are closed by row-level security of their own; jobs get in through this door only.
create function enqueue_job(task text, payload json, job_key text, run_at timestamptz)
  returns void
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  select graphile_worker.add_job(task, payload, run_at => coalesce(enqueue_job.run_at, now()), job_key => enqueue_job.job_key)
$$;
