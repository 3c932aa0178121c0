-- A revocation is lifted together with the row that says who and why, and at the same moment. Asked at the commit, since
-- one of the two comes first.
create function check_lifted() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  lifted uuid := case tg_table_name when 'revocations' then to_jsonb(new) ->> 'id' else to_jsonb(new) ->> 'revocation_id' end;
begin
  if not exists (
    select from revocations r join restorations s on s.organization_id = r.organization_id and s.revocation_id = r.id
    where r.organization_id = new.organization_id and r.id = lifted and r.restored_at = s.restored_at
  ) then
    raise exception 'a revocation is lifted with a restoration' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger revocations_lifted after insert or update of restored_at on revocations
  deferrable initially deferred for each row when (new.restored_at is not null) execute function check_lifted();
--> statement-breakpoint
create constraint trigger restorations_lift after insert or update on restorations
  deferrable initially deferred for each row execute function check_lifted();
