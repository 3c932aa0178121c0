CREATE POLICY "key_service_adds" ON "audit_entries" AS RESTRICTIVE FOR INSERT TO "latchkey_key_service" WITH CHECK ("audit_entries"."actor" in ('glpi', 'token') and "audit_entries"."person_id" is null);--> statement-breakpoint
CREATE POLICY "key_service_adds" ON "offline_files" AS RESTRICTIVE FOR INSERT TO "latchkey_key_service" WITH CHECK ("offline_files"."issued_by_id" is null);--> statement-breakpoint
-- What the key service has noted stays so, also where somebody else speaks in its place: a key was seen when it was.
create constraint trigger keys_stay_seen after update of first_seen_at, replaced_at on keys
  for each row when (session_user = 'latchkey_key_service' and (
    old.first_seen_at is not null and new.first_seen_at is distinct from old.first_seen_at
    or old.replaced_at is not null and new.replaced_at is distinct from old.replaced_at))
  execute function refuse_change();
--> statement-breakpoint
-- A place that was given back is not taken again by that row, and none is held for less than was promised, or for longer
-- than the longest offline file (400 days). From the last contact on where that is later: a sandbox has a clock of its own.
create constraint trigger activations_stay after update of given_back_at, lease_ends_at on activations
  for each row when (session_user = 'latchkey_key_service' and (
    old.given_back_at is not null and new.given_back_at is distinct from old.given_back_at
    or new.lease_ends_at < old.lease_ends_at
    or new.lease_ends_at > old.lease_ends_at
      and new.lease_ends_at > greatest(now(), new.refreshed_at) + interval '9624 hours'))
  execute function refuse_change();
--> statement-breakpoint
create function check_audit_head() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if new.sequence <= old.sequence or not exists (select from audit_entries e
      where e.organization_id = new.organization_id and e.sequence = new.sequence) then
    raise exception 'the end of the audit trail moves on to an entry' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger audit_heads_forward after update on audit_heads
  for each row when (session_user = 'latchkey_key_service') execute function check_audit_head();
