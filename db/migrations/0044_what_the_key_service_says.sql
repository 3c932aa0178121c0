ALTER TABLE "sightings" ADD COLUMN "product_versions" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "checks" ADD CONSTRAINT "checks_asked" CHECK ("checks"."asked" in ('validate', 'activate', 'refresh', 'give_back', 'registration', 'marketplace', 'download', 'offline_file'));--> statement-breakpoint
ALTER TABLE "checks" ADD CONSTRAINT "checks_code" CHECK ("checks"."code" in ('ok', 'malformed', 'unknown', 'wrong_product', 'wrong_kind', 'not_started', 'expired', 'revoked', 'bound_elsewhere', 'unknown_activation', 'no_installation'));
--> statement-breakpoint
-- The time that a caller says, as far as it can be: not later than now, but for what clocks differ, and not before what is kept
-- of answers one by one. What is written late, after an outage, keeps its time. The sandbox, which moves its time, believes
-- all (sandbox/database.ts).
create function believed(at timestamptz) returns timestamptz
  language sql stable
return greatest(least(at, now() + interval '5 minutes'), now() - interval '31 days');
--> statement-breakpoint
-- Whether nothing that is noted lies more than a day ahead: a clock that is wrong holds nobody up, and no fact is for ever.
create function is_believed(at timestamptz) returns boolean
  language sql stable
return at <= believed(at) + interval '1 day';
--> statement-breakpoint
-- It believes no time that cannot be, and no number that would stop whoever adds them up. A GLPI that was accepted and is refused
-- again (its instance was retired) is asked about at once: what was answered was not enough. Who called beyond the twenty
-- and comes to stand in the list is counted there alone.
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
  for q in
    select w.id, w.organization_id, w.key_id, w.kind, w.installation_id, w.url, w.glpi_version, w.refusal_code,
        believed(w.at) as at, least(w.calls, 1000000) as calls
      from jsonb_to_recordset(batch -> 'questions') as w(id uuid, organization_id uuid, key_id uuid,
      kind question_kind, installation_id text, url text, glpi_version text, refusal_code text, at timestamptz, calls integer)
    order by w.organization_id, w.key_id
  loop
    insert into question_counts (organization_id, key_id) values (q.organization_id, q.key_id) on conflict do nothing;
    perform from question_counts c where c.organization_id = q.organization_id and c.key_id = q.key_id for update;
    select w.id, w.answered_at is not null and (w.kind = 'address' and q.url <> coalesce(w.url, '')
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
end $$;
--> statement-breakpoint
-- As before (0032), of a product that there is; the version before said none.
create or replace function refresh_activation(activation uuid, of_key uuid, named uuid, given uuid, ends timestamptz,
    at timestamptz, of_product text default '')
  returns boolean
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  with before as (
    select a.id, (a.leases -> of_product ->> 0)::uuid as last, (a.leases -> of_product ->> 1)::uuid as previous
    from activations a
    where a.id = activation and a.key_id = of_key and a.given_back_at is null
      and (of_product = '' or exists (select from products p where p.reference = of_product))
    for no key update
  ), after as (
    update activations a set refreshed_at = greatest(a.refreshed_at, believed(at)),
      lease_ends_at = greatest(a.lease_ends_at, ends),
      leases = a.leases || jsonb_build_object(of_product,
        jsonb_build_array(given, case when named = b.previous then b.previous else b.last end))
    from before b where a.id = b.id
  )
  select (named <> b.last) is true and named is distinct from b.previous from before b
$$;
--> statement-breakpoint
-- Whatever has taken the key service over adds no place that is held from the start, nor one that was left already.
create constraint trigger activations_begin after insert on activations
  for each row when (session_user = 'latchkey_key_service' and not (
    new.given_back_at is null and new.lease_ends_at = new.created_at and new.refreshed_at = new.created_at
    and new.leases = '{}' and is_believed(new.created_at)))
  execute function refuse_change();
--> statement-breakpoint
create constraint trigger keys_seen_by_now after update of first_seen_at, replaced_at on keys
  for each row when (session_user = 'latchkey_key_service'
    and not (is_believed(coalesce(new.first_seen_at, now())) and is_believed(coalesce(new.replaced_at, now()))))
  execute function refuse_change();
--> statement-breakpoint
create constraint trigger api_tokens_used_by_now after update of last_used_at on api_tokens
  for each row when (session_user = 'latchkey_key_service'
    and (new.last_used_at >= old.last_used_at or old.last_used_at is null and new.last_used_at is not null) is not true
    or session_user = 'latchkey_key_service' and not is_believed(new.last_used_at))
  execute function refuse_change();
--> statement-breakpoint
-- A file is for the installation whose place it holds, by a token that works and may.
create function check_offline_file() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not is_believed(new.issued_at) or not exists (
      select from activations a where a.organization_id = new.organization_id and a.id = new.activation_id
        and a.key_id = new.key_id and a.instance_id = new.instance_id and a.installation_id = new.installation_id
        and a.given_back_at is null)
    or not exists (
      select from api_tokens t where t.organization_id = new.organization_id and t.id = new.api_token_id
        and t.revoked_at is null and t.expires_at > new.issued_at and 'offline_files.create' = any (t.scopes))
  then raise exception 'no such file is handed out' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger offline_files_handed_out after insert on offline_files
  for each row when (session_user = 'latchkey_key_service') execute function check_offline_file();
--> statement-breakpoint
-- An entry beyond the end of the trail would be in the way of the next one, and so of every command. Asked at the commit: the
-- entry comes first.
create function check_audit_end() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not exists (select from audit_heads h join audit_entries e on e.organization_id = h.organization_id
      and e.sequence = h.sequence and e.hash = h.hash
    where h.organization_id = new.organization_id and h.sequence >= new.sequence)
  then raise exception 'the audit trail ends with its last entry' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger audit_entries_end after insert on audit_entries deferrable initially deferred
  for each row when (session_user = 'latchkey_key_service') execute function check_audit_end();
--> statement-breakpoint
create constraint trigger audit_heads_begin after insert on audit_heads
  for each row when (session_user = 'latchkey_key_service' and new.sequence <> 0) execute function refuse_change();
