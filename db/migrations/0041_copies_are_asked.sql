ALTER TABLE "question_counts" DROP CONSTRAINT "question_counts_open";--> statement-breakpoint
ALTER TABLE "question_counts" ADD CONSTRAINT "question_counts_open" CHECK ("question_counts"."open" >= 0);--> statement-breakpoint
-- Who calls with a key after twenty others is kept as well, for as long as the code of its refusal is good: a thief with the
-- key must not keep its rightful administrator from opening their own case.
-- Twenty strangers must not hide a copied database: that one is asked about in any case. And again a week after an answer,
-- when the copy still has the same ID.
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
    select * from jsonb_to_recordset(batch -> 'questions') as w(id uuid, organization_id uuid, key_id uuid,
      kind question_kind, installation_id text, url text, glpi_version text, refusal_code text, at timestamptz, calls integer)
    order by w.organization_id, w.key_id
  loop
    insert into question_counts (organization_id, key_id) values (q.organization_id, q.key_id) on conflict do nothing;
    perform from question_counts c where c.organization_id = q.organization_id and c.key_id = q.key_id for update;
    select w.id, w.answered_at is not null and (w.kind = 'address' and q.url <> coalesce(w.url, '')
          or w.kind = 'copy' and w.answered_at < q.at - interval '7 days') as anew,
        w.listed or w.answered_at is not null as known into asked
      from questions w
      where w.organization_id = q.organization_id and w.key_id = q.key_id and w.kind = q.kind
        and w.installation_id = q.installation_id;
    exists_already := found;
    if exists_already and asked.anew is not true then
      update questions w set calls = w.calls + q.calls, last_at = greatest(w.last_at, q.at), url = coalesce(q.url, w.url),
          glpi_version = coalesce(q.glpi_version, w.glpi_version)
        where w.organization_id = q.organization_id and w.id = asked.id;
      continue when asked.known;
    end if;
    update question_counts c set open = c.open + 1
      where c.organization_id = q.organization_id and c.key_id = q.key_id and (c.open < 20 or q.kind = 'copy');
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
    elsif asked.anew and has_place then
      update questions w set calls = q.calls, first_at = q.at, last_at = q.at, url = q.url, listed = true,
          glpi_version = coalesce(q.glpi_version, w.glpi_version), answer = null, answered_at = null, answered_by_id = null
        where w.organization_id = q.organization_id and w.id = asked.id;
    elsif has_place then
      update questions w set listed = true where w.organization_id = q.organization_id and w.id = asked.id;
    end if;
  end loop;
end $$;
