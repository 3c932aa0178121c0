ALTER TABLE "products" ADD CONSTRAINT "products_key_kind_of" UNIQUE("id","key_kind");--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_binding_of" UNIQUE("id","binding");--> statement-breakpoint
ALTER TABLE "keys" DROP CONSTRAINT "keys_product_id_products_id_fk";--> statement-breakpoint
ALTER TABLE "keys" ADD COLUMN "sold_kind" "key_kind" GENERATED ALWAYS AS (nullif(kind, 'trial')) STORED;--> statement-breakpoint
ALTER TABLE "keys" ADD COLUMN "trial_ordinal" smallint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_product_fk" FOREIGN KEY ("product_id","binding") REFERENCES "public"."products"("id","binding") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_kind_fk" FOREIGN KEY ("product_id","sold_kind") REFERENCES "public"."products"("id","key_kind") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
-- Until now nothing refused a second trial.
select set_config('latchkey.scope', 'system', true);
--> statement-breakpoint
update keys k set trial_ordinal = counted.ordinal
  from (select id, row_number() over (partition by organization_id, product_id order by issued_at, id) as ordinal
        from keys where kind = 'trial') counted
  where k.id = counted.id and counted.ordinal > 1;
--> statement-breakpoint
select set_config('latchkey.scope', '', true);
--> statement-breakpoint
CREATE UNIQUE INDEX "keys_trial" ON "keys" USING btree ("organization_id","product_id","trial_ordinal") WHERE "keys"."kind" = 'trial';--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_trial_ordinal" CHECK ("keys"."trial_ordinal" >= 1 and ("keys"."kind" = 'trial' or "keys"."trial_ordinal" = 1));
--> statement-breakpoint
-- What is new to this function: a trial is of a product that can be tried. When it is issued only, as with open source: a
-- product may cease to be tried while its trials go on.
create or replace function check_keys() returns trigger
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
  if exists (select from issued k join products p on p.id = k.product_id where k.kind = 'trial' and p.trial_days is null) then
    raise exception 'this product cannot be tried' using errcode = 'check_violation', constraint = 'keys_tried';
  end if;
  -- A trial's key has no term, and what it turns into has one.
  if exists (
    select from issued k
      join keys o on o.organization_id = k.organization_id and o.id = k.follows_id
      left join terms t on t.organization_id = k.organization_id and t.id = k.term_id
      left join terms f on f.organization_id = o.organization_id and f.id = o.term_id
    where o.product_id <> k.product_id or f.subscription_id <> t.subscription_id
  ) then
    raise exception 'a key takes over from one of its own product and subscription'
      using errcode = 'check_violation', constraint = 'keys_follows_alike';
  end if;
  return null;
end $$;
--> statement-breakpoint
-- Only the rotation of the key ring, which goes through everybody's keys, seals a key anew (lib/keys/rotate-ring.ts).
create constraint trigger keys_sealed after update of cipher, ring_version on keys
  for each row when ((new.cipher, new.ring_version) is distinct from (old.cipher, old.ring_version) and current_scope() <> 'system')
  execute function refuse_change();
--> statement-breakpoint
create function check_revocations() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (
    select from revoked r join keys k on k.organization_id = r.organization_id and k.id = r.key_id
    where r.revoked_at < k.issued_at
  ) then
    raise exception 'a key is revoked after it was issued' using errcode = 'check_violation', constraint = 'revocations_of_issued';
  end if;
  return null;
end $$;
--> statement-breakpoint
create trigger revocations_of_issued after insert on revocations
  referencing new table as revoked for each statement execute function check_revocations();
--> statement-breakpoint
-- To revoke it again is another row.
create constraint trigger revocations_stay_lifted after update of restored_at on revocations
  for each row when (old.restored_at is not null and new.restored_at is distinct from old.restored_at)
  execute function refuse_change();
--> statement-breakpoint
-- A term begins where the one before it ended; or, where the last key had expired, on the day on which the subscription is
-- taken up again (DESIGN §2, rule 2), which has 25 hours where clocks are set back. Asked at the commit, since the key of
-- the term before may come after it.
create function check_term_follows() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not exists (
    select from terms t
      left join keys k on k.organization_id = t.organization_id and k.term_id = t.id and k.superseded_at is null
    where t.organization_id = new.organization_id and t.subscription_id = new.subscription_id
      and t.ordinal = new.ordinal - 1
      and (new.starts_at = t.ends_at
        or coalesce(k.expires_at, t.ends_at) <= new.created_at
          and new.starts_at between new.created_at - interval '25 hours' and new.created_at)
  ) then
    raise exception 'a term begins where the one before it ended' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger terms_follow after insert on terms
  deferrable initially deferred for each row when (new.ordinal > 1) execute function check_term_follows();
