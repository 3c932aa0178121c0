-- A day that cannot be is none on which a place was given back, and could never be taken back (0036 asks the same otherwise).
drop trigger activations_stay on activations;
--> statement-breakpoint
create constraint trigger activations_stay after update of given_back_at, lease_ends_at on activations
  for each row when (session_user = 'latchkey_key_service' and (
    old.given_back_at is not null and new.given_back_at is distinct from old.given_back_at
    or not is_believed(coalesce(new.given_back_at, now()))
    or new.lease_ends_at < old.lease_ends_at
    or new.lease_ends_at > old.lease_ends_at
      and new.lease_ends_at > greatest(now(), new.refreshed_at) + interval '9624 hours'))
  execute function refuse_change();
