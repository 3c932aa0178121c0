CREATE TYPE "public"."invoice_entry_kind" AS ENUM('credit_note', 'refund', 'dispute');--> statement-breakpoint
CREATE TYPE "public"."invoice_status" AS ENUM('open', 'paid', 'uncollectible', 'void');--> statement-breakpoint
CREATE TYPE "public"."payment_question_kind" AS ENUM('names_no_line', 'money_kept', 'not_free');--> statement-breakpoint
CREATE TYPE "public"."term_refund_reason" AS ENUM('refunded', 'disputed');--> statement-breakpoint
CREATE SEQUENCE "public"."stripe_readings" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "invoice_entries" (
	"id" text NOT NULL,
	"organization_id" uuid NOT NULL,
	"invoice_id" text NOT NULL,
	"kind" "invoice_entry_kind" NOT NULL,
	"status" text NOT NULL,
	"amount" bigint NOT NULL,
	"number" text,
	"pdf_url" text,
	"happened_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone,
	CONSTRAINT "invoice_entries_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "invoice_entries_amount" CHECK ("invoice_entries"."amount" >= 0),
	CONSTRAINT "invoice_entries_address" CHECK ("invoice_entries"."pdf_url" ~ '^https?://')
);
--> statement-breakpoint
ALTER TABLE "invoice_entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "invoice_lines" (
	"id" text NOT NULL,
	"organization_id" uuid NOT NULL,
	"invoice_id" text NOT NULL,
	"description" text NOT NULL,
	"amount" bigint NOT NULL,
	"tax" bigint NOT NULL,
	"checkout_line_id" uuid,
	CONSTRAINT "invoice_lines_organization_id_id_pk" PRIMARY KEY("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "invoice_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "invoices" (
	"id" text NOT NULL,
	"organization_id" uuid NOT NULL,
	"number" text NOT NULL,
	"status" "invoice_status" NOT NULL,
	"currency" text NOT NULL,
	"subtotal" bigint NOT NULL,
	"tax" bigint NOT NULL,
	"total" bigint NOT NULL,
	"amount_paid" bigint NOT NULL,
	"credited" bigint NOT NULL,
	"refunded" bigint NOT NULL,
	"hosted_url" text,
	"pdf_url" text,
	"created_at" timestamp with time zone NOT NULL,
	"paid_at" timestamp with time zone,
	"due_at" timestamp with time zone,
	"payment_intent_id" text,
	"reading" bigint NOT NULL,
	CONSTRAINT "invoices_organization_id_id_pk" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "invoices_id" CHECK ("invoices"."id" ~ '^in_'),
	CONSTRAINT "invoices_currency" CHECK ("invoices"."currency" ~ '^[a-z]{3}$'),
	CONSTRAINT "invoices_money" CHECK (least("invoices"."amount_paid", "invoices"."credited", "invoices"."refunded") >= 0),
	CONSTRAINT "invoices_addresses" CHECK (coalesce("invoices"."hosted_url" ~ '^https?://', true) and coalesce("invoices"."pdf_url" ~ '^https?://', true))
);
--> statement-breakpoint
ALTER TABLE "invoices" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "payment_questions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"invoice_id" text NOT NULL,
	"kind" "payment_question_kind" NOT NULL,
	"amount" bigint NOT NULL,
	"asked_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"closed_by_id" uuid,
	CONSTRAINT "payment_questions_once" UNIQUE("organization_id","invoice_id","kind","amount"),
	CONSTRAINT "payment_questions_span" CHECK ("payment_questions"."asked_at" <= "payment_questions"."closed_at"),
	CONSTRAINT "payment_questions_closed" CHECK ("payment_questions"."closed_by_id" is null or "payment_questions"."closed_at" is not null)
);
--> statement-breakpoint
ALTER TABLE "payment_questions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "term_refunds" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"term_id" uuid NOT NULL,
	"reason" "term_refund_reason" NOT NULL,
	"because" text NOT NULL,
	"refunded_at" timestamp with time zone NOT NULL,
	"restored_at" timestamp with time zone,
	CONSTRAINT "term_refunds_span" CHECK ("term_refunds"."refunded_at" <= "term_refunds"."restored_at")
);
--> statement-breakpoint
ALTER TABLE "term_refunds" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP INDEX "keys_follows";--> statement-breakpoint
ALTER TABLE "keys" ADD COLUMN "refunded_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "terms" ADD COLUMN "refunded_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "invoice_entries" ADD CONSTRAINT "invoice_entries_invoice_fk" FOREIGN KEY ("organization_id","invoice_id") REFERENCES "public"."invoices"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_invoice_fk" FOREIGN KEY ("organization_id","invoice_id") REFERENCES "public"."invoices"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_checkout_line_fk" FOREIGN KEY ("organization_id","checkout_line_id") REFERENCES "public"."checkout_lines"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_questions" ADD CONSTRAINT "payment_questions_closed_by_id_people_id_fk" FOREIGN KEY ("closed_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_questions" ADD CONSTRAINT "payment_questions_invoice_fk" FOREIGN KEY ("organization_id","invoice_id") REFERENCES "public"."invoices"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "term_refunds" ADD CONSTRAINT "term_refunds_term_fk" FOREIGN KEY ("organization_id","term_id") REFERENCES "public"."terms"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "invoice_entries_invoice" ON "invoice_entries" USING btree ("organization_id","invoice_id");--> statement-breakpoint
CREATE INDEX "invoice_entries_disputes" ON "invoice_entries" USING btree ("happened_at") WHERE "invoice_entries"."kind" = 'dispute';--> statement-breakpoint
CREATE INDEX "invoice_lines_invoice" ON "invoice_lines" USING btree ("organization_id","invoice_id");--> statement-breakpoint
CREATE INDEX "invoices_list" ON "invoices" USING btree ("organization_id","created_at","id");--> statement-breakpoint
CREATE INDEX "payment_questions_open" ON "payment_questions" USING btree ("asked_at") WHERE "payment_questions"."closed_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "term_refunds_current" ON "term_refunds" USING btree ("organization_id","term_id") WHERE "term_refunds"."restored_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "keys_follows" ON "keys" USING btree ("organization_id","follows_id") WHERE "keys"."refunded_at" is null;--> statement-breakpoint
CREATE POLICY "organization_reads" ON "invoice_entries" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "invoice_entries"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "invoice_entries" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("invoice_entries"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "invoice_entries" AS PERMISSIVE FOR UPDATE TO public USING ("invoice_entries"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("invoice_entries"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "invoice_entries" AS PERMISSIVE FOR DELETE TO public USING ("invoice_entries"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "invoice_lines" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "invoice_lines"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "invoice_lines" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("invoice_lines"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "invoice_lines" AS PERMISSIVE FOR UPDATE TO public USING ("invoice_lines"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("invoice_lines"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "invoice_lines" AS PERMISSIVE FOR DELETE TO public USING ("invoice_lines"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "invoices" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "invoices"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "invoices" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("invoices"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "invoices" AS PERMISSIVE FOR UPDATE TO public USING ("invoices"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("invoices"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "invoices" AS PERMISSIVE FOR DELETE TO public USING ("invoices"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "payment_questions" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "payment_questions"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "payment_questions" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("payment_questions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "payment_questions" AS PERMISSIVE FOR UPDATE TO public USING ("payment_questions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("payment_questions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "payment_questions" AS PERMISSIVE FOR DELETE TO public USING ("payment_questions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "term_refunds" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "term_refunds"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "term_refunds" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("term_refunds"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "term_refunds" AS PERMISSIVE FOR UPDATE TO public USING ("term_refunds"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("term_refunds"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "term_refunds" AS PERMISSIVE FOR DELETE TO public USING ("term_refunds"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
-- A term whose money has gone back counts no longer: its days can be paid again.
alter table terms drop constraint terms_no_overlap;
--> statement-breakpoint
alter table terms add constraint terms_no_overlap
  exclude using gist (organization_id with =, subscription_id with =, tstzrange(starts_at, ends_at) with &&)
  where (refunded_at is null);
--> statement-breakpoint
-- What is new to this function: a key whose term was refunded takes over from no key of another term.
create or replace function check_renewed() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (
    select from keys k left join keys n on n.organization_id = k.organization_id and n.follows_id = k.id
      and (n.refunded_at is null or n.term_id is not distinct from k.term_id)
    where k.organization_id = new.organization_id and k.id in (new.id, new.follows_id)
      and (k.renewed_at is distinct from n.issued_at
        or k.superseded_at is not null and k.term_id is distinct from n.term_id)
  ) then
    raise exception 'a key is renewed by the one that follows it' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
drop trigger keys_renewed on keys;
--> statement-breakpoint
create constraint trigger keys_renewed after update of renewed_at, superseded_at, refunded_at on keys
  deferrable initially deferred for each row
  when ((new.renewed_at, new.superseded_at, new.refunded_at) is distinct from (old.renewed_at, old.superseded_at, old.refunded_at))
  execute function check_renewed();
--> statement-breakpoint
-- What is new to this function: the term before is the last one that counts, if there is one; where none does, the
-- subscription is taken up again that day.
create or replace function check_term_follows() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  taken_up constant boolean := new.starts_at between new.created_at - interval '25 hours' and new.created_at;
begin
  if not exists (
    select from terms t where t.organization_id = new.organization_id and t.subscription_id = new.subscription_id
      and t.ordinal = new.ordinal - 1
  ) or not exists (
    select from terms t
      left join keys k on k.organization_id = t.organization_id and k.term_id = t.id and k.superseded_at is null
    where t.organization_id = new.organization_id and t.subscription_id = new.subscription_id and t.refunded_at is null
      and t.ordinal = (select max(b.ordinal) from terms b where b.organization_id = new.organization_id
        and b.subscription_id = new.subscription_id and b.refunded_at is null and b.ordinal < new.ordinal)
      and (new.starts_at = t.ends_at or coalesce(k.expires_at, t.ends_at) <= new.created_at and taken_up)
  ) and not (taken_up and not exists (
    select from terms t where t.organization_id = new.organization_id and t.subscription_id = new.subscription_id
      and t.refunded_at is null and t.ordinal < new.ordinal
  )) then
    raise exception 'a term begins where the one before it ended' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
-- A term is refunded together with the row that says why, and its keys with it. Asked at the commit, since one comes first.
create function check_refunded() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  term uuid := case tg_table_name when 'terms' then to_jsonb(new) ->> 'id' else to_jsonb(new) ->> 'term_id' end;
begin
  if exists (
    select from terms t
      left join term_refunds r on r.organization_id = t.organization_id and r.term_id = t.id and r.restored_at is null
      left join keys k on k.organization_id = t.organization_id and k.term_id = t.id
    where t.organization_id = new.organization_id and t.id = term
      and (t.refunded_at is distinct from r.refunded_at or k.id is not null and k.refunded_at is distinct from t.refunded_at)
  ) or term is null then
    raise exception 'a term is refunded with its keys, and the row that says why' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger terms_refunded after update of refunded_at on terms
  deferrable initially deferred for each row when (new.refunded_at is distinct from old.refunded_at)
  execute function check_refunded();
--> statement-breakpoint
create constraint trigger term_refunds_refund after insert or update on term_refunds
  deferrable initially deferred for each row execute function check_refunded();
--> statement-breakpoint
create constraint trigger keys_refunded after update of refunded_at on keys
  deferrable initially deferred for each row when (new.refunded_at is distinct from old.refunded_at)
  execute function check_refunded();
