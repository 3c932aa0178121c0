-- States that a look at another row tells to be wrong. Asked once of all rows of a statement: of each row alone, filling
-- a database took half as long again.
create function check_keys() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (
    select from issued k
      join terms t on t.organization_id = k.organization_id and t.id = k.term_id
      join subscriptions s on s.organization_id = t.organization_id and s.id = t.subscription_id
    where s.product_id <> k.product_id
  ) then
    raise exception 'a key is of its subscription''s product' using errcode = 'check_violation', constraint = 'keys_product';
  end if;
  -- When it is issued only: a product may become open source while its keys live.
  if exists (select from issued k join products p on p.id = k.product_id where p.open_source) then
    raise exception 'an open-source product needs no key' using errcode = 'check_violation', constraint = 'keys_open_source';
  end if;
  return null;
end $$;
--> statement-breakpoint
create trigger keys_issued after insert on keys
  referencing new table as issued for each statement execute function check_keys();
--> statement-breakpoint
create function refuse_change() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  raise exception 'this never changes' using errcode = 'check_violation', constraint = tg_name;
end $$;
--> statement-breakpoint
create constraint trigger keys_unlocks after update of product_id, term_id on keys
  for each row when ((new.product_id, new.term_id) is distinct from (old.product_id, old.term_id))
  execute function refuse_change();
--> statement-breakpoint
create constraint trigger subscriptions_product after update of product_id on subscriptions
  for each row when (new.product_id <> old.product_id) execute function refuse_change();
--> statement-breakpoint
create constraint trigger terms_subscription after update of subscription_id on terms
  for each row when (new.subscription_id <> old.subscription_id) execute function refuse_change();
--> statement-breakpoint
-- An instance in use has a main address in use, a retired one none at all. Asked at the commit: an instance comes before
-- its address. The lock makes whoever changes the other side meanwhile wait, and then see.
create function check_main_address() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  instance uuid := case tg_table_name when 'instances' then to_jsonb(new) ->> 'id' else to_jsonb(new) ->> 'instance_id' end;
  retired boolean;
  in_use boolean;
begin
  select retired_at is not null into retired from instances
    where organization_id = new.organization_id and id = instance for share;
  -- Of a retired one any address counts. Counted, not filtered: for a table that was just filled, Postgres believes an
  -- address in use to be rare, and goes through all of the organization's (seen: 20,000 instances in 40 s instead of 2).
  select count(*) filter (where retired_at is null and (retired or ordinal = 0)) > 0 into in_use from instance_addresses
    where organization_id = new.organization_id and instance_id = instance;
  if retired = in_use then
    raise exception 'an instance in use has a main address, a retired one none' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger instances_main_address after insert or update of retired_at on instances
  deferrable initially deferred for each row execute function check_main_address();
--> statement-breakpoint
create constraint trigger instance_addresses_main after insert or update of instance_id, ordinal, retired_at on instance_addresses
  deferrable initially deferred for each row execute function check_main_address();
--> statement-breakpoint
-- The numbers are unique and no role that serves requests removes an entry, so the next is the one that has one before it.
create function check_audit_sequence() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (
    select from added a where a.sequence <> 1 and case when a.organization_id is null
      then not exists (select from audit_entries e where e.organization_id is null and e.sequence = a.sequence - 1)
      else not exists (select from audit_entries e where e.organization_id = a.organization_id and e.sequence = a.sequence - 1)
    end
  ) then
    raise exception 'audit entries are numbered without a gap' using errcode = 'check_violation', constraint = 'audit_entries_next';
  end if;
  return null;
end $$;
--> statement-breakpoint
create trigger audit_entries_next after insert on audit_entries
  referencing new table as added for each statement execute function check_audit_sequence();
