CREATE TYPE "public"."checkout_end" AS ENUM('paid', 'expired', 'given_up', 'failed', 'not_created');--> statement-breakpoint
CREATE TYPE "public"."tax_behavior" AS ENUM('inclusive', 'exclusive');--> statement-breakpoint
CREATE TABLE "billing_accounts" (
	"organization_id" uuid PRIMARY KEY NOT NULL,
	"currency" text NOT NULL,
	"customer_id" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "billing_accounts_customerId_unique" UNIQUE("customer_id"),
	CONSTRAINT "billing_accounts_currency" CHECK ("billing_accounts"."currency" ~ '^[a-z]{3}$'),
	CONSTRAINT "billing_accounts_customer" CHECK ("billing_accounts"."customer_id" ~ '^cus_')
);
--> statement-breakpoint
ALTER TABLE "billing_accounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "checkout_lines" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"checkout_id" uuid NOT NULL,
	"subscription_id" uuid,
	"product_id" uuid NOT NULL,
	"instance_id" uuid,
	"price_id" uuid NOT NULL,
	"amount" integer NOT NULL,
	"months" smallint NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"term_id" uuid,
	CONSTRAINT "checkout_lines_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "checkout_lines_term" UNIQUE("organization_id","term_id"),
	CONSTRAINT "checkout_lines_amount" CHECK ("checkout_lines"."amount" >= 1),
	CONSTRAINT "checkout_lines_span" CHECK ("checkout_lines"."starts_at" < "checkout_lines"."ends_at")
);
--> statement-breakpoint
ALTER TABLE "checkout_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "checkouts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"begun_by_id" uuid,
	"begun_at" timestamp with time zone NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"attempt" smallint DEFAULT 1 NOT NULL,
	"session_id" text,
	"session_url" text,
	"expires_at" timestamp with time zone,
	"completed_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"ended" "checkout_end",
	"invoice_id" text,
	CONSTRAINT "checkouts_sessionId_unique" UNIQUE("session_id"),
	CONSTRAINT "checkouts_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "checkouts_currency" CHECK ("checkouts"."currency" ~ '^[a-z]{3}$'),
	CONSTRAINT "checkouts_amount" CHECK ("checkouts"."amount" >= 1),
	CONSTRAINT "checkouts_ended" CHECK (("checkouts"."ended_at" is null) = ("checkouts"."ended" is null)),
	CONSTRAINT "checkouts_session" CHECK (("checkouts"."session_id" is null) = ("checkouts"."session_url" is null)),
	CONSTRAINT "checkouts_span" CHECK ("checkouts"."begun_at" <= least("checkouts"."completed_at", "checkouts"."ended_at"))
);
--> statement-breakpoint
ALTER TABLE "checkouts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "prices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"binding" "key_binding" NOT NULL,
	"currency" text NOT NULL,
	"amount" integer NOT NULL,
	"tax_behavior" "tax_behavior" NOT NULL,
	"months" smallint NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"withdrawn_at" timestamp with time zone,
	"stripe_price_id" text,
	CONSTRAINT "prices_stripePriceId_unique" UNIQUE("stripe_price_id"),
	CONSTRAINT "prices_currency" CHECK ("prices"."currency" ~ '^[a-z]{3}$'),
	CONSTRAINT "prices_amount" CHECK ("prices"."amount" between 1 and 99999999),
	CONSTRAINT "prices_months" CHECK ("prices"."months" between 1 and 36),
	CONSTRAINT "prices_span" CHECK ("prices"."created_at" <= "prices"."withdrawn_at")
);
--> statement-breakpoint
CREATE TABLE "stripe_events" (
	"id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"object_id" text NOT NULL,
	"live" boolean NOT NULL,
	"happened_at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"tries" smallint DEFAULT 0 NOT NULL,
	"done_at" timestamp with time zone,
	"outcome" text,
	CONSTRAINT "stripe_events_id" CHECK ("stripe_events"."id" ~ '^evt_'),
	CONSTRAINT "stripe_events_done" CHECK (("stripe_events"."done_at" is null) = ("stripe_events"."outcome" is null))
);
--> statement-breakpoint
ALTER TABLE "terms" ADD CONSTRAINT "terms_organization" UNIQUE("organization_id","id");--> statement-breakpoint
ALTER TABLE "billing_accounts" ADD CONSTRAINT "billing_accounts_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkout_lines" ADD CONSTRAINT "checkout_lines_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkout_lines" ADD CONSTRAINT "checkout_lines_price_id_prices_id_fk" FOREIGN KEY ("price_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkout_lines" ADD CONSTRAINT "checkout_lines_checkout_fk" FOREIGN KEY ("organization_id","checkout_id") REFERENCES "public"."checkouts"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkout_lines" ADD CONSTRAINT "checkout_lines_subscription_fk" FOREIGN KEY ("organization_id","subscription_id") REFERENCES "public"."subscriptions"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkout_lines" ADD CONSTRAINT "checkout_lines_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkout_lines" ADD CONSTRAINT "checkout_lines_term_fk" FOREIGN KEY ("organization_id","term_id") REFERENCES "public"."terms"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_begun_by_id_people_id_fk" FOREIGN KEY ("begun_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "prices" ADD CONSTRAINT "prices_product_fk" FOREIGN KEY ("product_id","binding") REFERENCES "public"."products"("id","binding") ON DELETE no action ON UPDATE cascade;--> statement-breakpoint
CREATE UNIQUE INDEX "checkout_lines_renewed_once" ON "checkout_lines" USING btree ("organization_id","subscription_id") WHERE "checkout_lines"."ended_at" is null and "checkout_lines"."subscription_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "checkout_lines_bought_once" ON "checkout_lines" USING btree ("organization_id","product_id",coalesce("instance_id", "organization_id")) WHERE "checkout_lines"."ended_at" is null and "checkout_lines"."subscription_id" is null;--> statement-breakpoint
CREATE INDEX "checkout_lines_checkout" ON "checkout_lines" USING btree ("organization_id","checkout_id");--> statement-breakpoint
CREATE INDEX "checkouts_open" ON "checkouts" USING btree ("organization_id","id") WHERE "checkouts"."ended_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "prices_current" ON "prices" USING btree ("product_id","binding","currency","months") WHERE "prices"."withdrawn_at" is null;--> statement-breakpoint
CREATE INDEX "stripe_events_due" ON "stripe_events" USING btree ("due_at") WHERE "stripe_events"."done_at" is null;--> statement-breakpoint
CREATE POLICY "organization_reads" ON "billing_accounts" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "billing_accounts"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "billing_accounts" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("billing_accounts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "billing_accounts" AS PERMISSIVE FOR UPDATE TO public USING ("billing_accounts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("billing_accounts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "billing_accounts" AS PERMISSIVE FOR DELETE TO public USING ("billing_accounts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "checkout_lines" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "checkout_lines"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "checkout_lines" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("checkout_lines"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "checkout_lines" AS PERMISSIVE FOR UPDATE TO public USING ("checkout_lines"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("checkout_lines"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "checkout_lines" AS PERMISSIVE FOR DELETE TO public USING ("checkout_lines"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "checkouts" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "checkouts"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "checkouts" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("checkouts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "checkouts" AS PERMISSIVE FOR UPDATE TO public USING ("checkouts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("checkouts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "checkouts" AS PERMISSIVE FOR DELETE TO public USING ("checkouts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');
