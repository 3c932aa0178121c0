CREATE INDEX "checks_nowhere" ON "checks" USING btree ("organization_id","installation_id","at") WHERE "checks"."instance_id" is null;--> statement-breakpoint
-- As before (0045), and: what was asked about a GLPI whose place another one has taken is over, and asked anew if it comes
-- back.
create or replace function record_checks(batch jsonb) returns void
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
declare
  q record;
  asked record;
  exists_already boolean;
  has_place boolean;
begin
  insert into checks (organization_id, key_id, instance_id, installation_id, at, asked, code, notes, url, glpi_version,
      product_version, calls)
    select c.organization_id, c.key_id, c.instance_id, c.installation_id, believed(c.at), c.asked, c.code, c.notes, c.url,
      c.glpi_version, c.product_version, least(c.calls, 1000000)
    from jsonb_to_recordset(batch -> 'checks') as c(organization_id uuid, key_id uuid, instance_id uuid,
      installation_id text, at timestamptz, asked text, code text, notes text[], url text, glpi_version text,
      product_version text, calls integer);
  -- In one order, so that two processes wait for one another and not in a circle.
  insert into sightings as was (organization_id, key_id, installation_id, instance_id, first_at, last_at, url, glpi_version,
      product_version, product_versions)
    select s.organization_id, s.key_id, s.installation_id, s.instance_id, believed(s.at), believed(s.at), s.url, s.glpi_version,
      s.product_version, coalesce((select jsonb_object_agg(v.key, v.value) from jsonb_each_text(s.product_versions) v
        where exists (select from products p where p.reference = v.key)), '{}')
    from jsonb_to_recordset(batch -> 'sightings') as s(organization_id uuid, key_id uuid, installation_id text,
      instance_id uuid, at timestamptz, url text, glpi_version text, product_version text, product_versions jsonb)
    order by s.organization_id, s.key_id, s.installation_id
    on conflict (organization_id, key_id, installation_id) do update set
      instance_id = excluded.instance_id, last_at = greatest(was.last_at, excluded.last_at),
      url = coalesce(excluded.url, was.url), glpi_version = coalesce(excluded.glpi_version, was.glpi_version),
      product_version = coalesce(excluded.product_version, was.product_version),
      product_versions = was.product_versions || excluded.product_versions;
  update instances i set glpi_version = s.glpi_version
    from jsonb_to_recordset(batch -> 'sightings') as s(organization_id uuid, instance_id uuid, glpi_version text)
    where i.organization_id = s.organization_id and i.id = s.instance_id and s.glpi_version is not null
      and i.glpi_version is distinct from s.glpi_version;
  -- Before any question, and in one order, as whoever answers one does.
  perform from question_counts c
    where (c.organization_id, c.key_id) in (
      select w.organization_id, w.key_id
        from jsonb_to_recordset(batch -> 'questions') as w(organization_id uuid, key_id uuid)
      union select s.organization_id, s.key_id
        from jsonb_to_recordset(batch -> 'sightings') as s(organization_id uuid, key_id uuid))
    order by c.organization_id, c.key_id for update;
  for q in
    select w.id, w.organization_id, w.key_id, w.kind, w.installation_id, w.url, w.glpi_version, w.refusal_code,
        believed(w.at) as at, least(w.calls, 1000000) as calls
      from jsonb_to_recordset(batch -> 'questions') as w(id uuid, organization_id uuid, key_id uuid,
      kind question_kind, installation_id text, url text, glpi_version text, refusal_code text, at timestamptz, calls integer)
    order by w.organization_id, w.key_id
  loop
    insert into question_counts (organization_id, key_id) values (q.organization_id, q.key_id) on conflict do nothing;
    perform from question_counts c where c.organization_id = q.organization_id and c.key_id = q.key_id for update;
    select w.id, w.answered_at is not null and (w.answer = 'let_in' and w.answered_at < q.at
          or w.kind = 'address' and q.url <> coalesce(w.url, '')
          or w.kind = 'copy' and w.answered_at < q.at - interval '7 days'
          or w.kind = 'installation' and w.answer <> 'not_ours' and w.answered_at < q.at) as anew,
        w.listed or w.answered_at is not null as known, w.calls as calls_before into asked
      from questions w
      where w.organization_id = q.organization_id and w.key_id = q.key_id and w.kind = q.kind
        and w.installation_id = q.installation_id;
    exists_already := found;
    if exists_already and asked.anew is not true then
      update questions w set calls = least(w.calls::bigint + q.calls, 2147483647), last_at = greatest(w.last_at, q.at), url = coalesce(q.url, w.url),
          glpi_version = coalesce(q.glpi_version, w.glpi_version)
        where w.organization_id = q.organization_id and w.id = asked.id;
      continue when asked.known;
    end if;
    update question_counts c set open = c.open + 1
      where c.organization_id = q.organization_id and c.key_id = q.key_id and (c.open < 20 or q.kind <> 'installation');
    has_place := found;
    if not has_place then
      update question_counts c set unlisted = c.unlisted + q.calls
        where c.organization_id = q.organization_id and c.key_id = q.key_id;
    end if;
    if not exists_already then
      -- Without a place too: the code of its refusal opens it.
      insert into questions (id, organization_id, key_id, kind, installation_id, url, glpi_version, refusal_code, first_at,
          last_at, calls, listed)
        values (q.id, q.organization_id, q.key_id, q.kind, q.installation_id, q.url, q.glpi_version, q.refusal_code, q.at,
          q.at, q.calls, has_place);
    elsif asked.anew then
      update questions w set calls = q.calls, first_at = q.at, last_at = q.at, url = q.url, listed = has_place,
          glpi_version = coalesce(q.glpi_version, w.glpi_version), answer = null, answered_at = null, answered_by_id = null
        where w.organization_id = q.organization_id and w.id = asked.id;
    elsif has_place then
      update questions w set listed = true where w.organization_id = q.organization_id and w.id = asked.id;
      -- What it called before was counted beyond the twenty.
      update question_counts c set unlisted = greatest(c.unlisted - asked.calls_before, 0)
        where c.organization_id = q.organization_id and c.key_id = q.key_id;
    end if;
  end loop;
  -- After what was refused in the same second.
  for q in
    with seen as (
      select s.organization_id, s.key_id, s.installation_id, i.id as instance_id, believed(s.at) as at
        from jsonb_to_recordset(batch -> 'sightings') as s(organization_id uuid, key_id uuid, installation_id text,
          instance_id uuid, at timestamptz)
        join instances i on i.organization_id = s.organization_id and i.id = s.instance_id
          and i.installation_id = s.installation_id
    )
    select w.id, w.organization_id, w.key_id, s.at
      from seen s join questions w on w.organization_id = s.organization_id and w.key_id = s.key_id
        and w.kind = 'installation' and w.installation_id = s.installation_id
      where w.answered_at is null and w.last_at <= s.at
    union select w.id, w.organization_id, w.key_id, s.at
      from seen s join questions w on w.organization_id = s.organization_id and w.key_id = s.key_id
        and w.kind in ('copy', 'address') and w.installation_id <> s.installation_id
      join sightings o on o.organization_id = w.organization_id and o.key_id = w.key_id
        and o.installation_id = w.installation_id and o.instance_id = s.instance_id
      where w.answered_at is null and w.last_at <= s.at
      order by 2, 3
  loop
    perform from question_counts c where c.organization_id = q.organization_id and c.key_id = q.key_id for update;
    update questions w set answer = 'let_in', answered_at = greatest(q.at, w.last_at)
      where w.organization_id = q.organization_id and w.id = q.id and w.answered_at is null
      returning w.listed, w.calls into asked;
    if found then
      update question_counts c set open = c.open - asked.listed::integer,
          unlisted = greatest(c.unlisted - case when asked.listed then 0 else asked.calls end, 0)
        where c.organization_id = q.organization_id and c.key_id = q.key_id;
    end if;
  end loop;
end $$;
