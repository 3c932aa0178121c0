CREATE TYPE "public"."automatic_end" AS ENUM('by_member', 'payment_failed', 'at_stripe', 'customer_deleted', 'withdrawn', 'retired', 'refunded', 'not_charged', 'over', 'not_set_up', 'not_created');--> statement-breakpoint
ALTER TYPE "public"."payment_difference_kind" ADD VALUE 'charges_otherwise';--> statement-breakpoint
ALTER TYPE "public"."payment_difference_kind" ADD VALUE 'renews_without_ours';--> statement-breakpoint
ALTER TYPE "public"."payment_difference_kind" ADD VALUE 'renews_without_theirs';--> statement-breakpoint
ALTER TYPE "public"."payment_difference_kind" ADD VALUE 'paid_after_end';--> statement-breakpoint
ALTER TYPE "public"."payment_difference_kind" ADD VALUE 'paid_twice';--> statement-breakpoint
CREATE TABLE "automatic_charges" (
	"organization_id" uuid NOT NULL,
	"invoice_id" text NOT NULL,
	"renewal_id" uuid NOT NULL,
	"checkout_id" uuid NOT NULL,
	"failed_at" timestamp with time zone,
	CONSTRAINT "automatic_charges_organization_id_invoice_id_pk" PRIMARY KEY("organization_id","invoice_id"),
	CONSTRAINT "automatic_charges_checkout" UNIQUE("organization_id","checkout_id"),
	CONSTRAINT "automatic_charges_invoice" CHECK ("automatic_charges"."invoice_id" ~ '^in_')
);
--> statement-breakpoint
ALTER TABLE "automatic_charges" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "automatic_renewals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"subscription_id" uuid NOT NULL,
	"price_id" uuid NOT NULL,
	"amount" integer NOT NULL,
	"currency" text NOT NULL,
	"begun_by_id" uuid,
	"begun_at" timestamp with time zone NOT NULL,
	"attempt" smallint DEFAULT 1 NOT NULL,
	"session_id" text,
	"session_url" text,
	"stripe_subscription_id" text,
	"started_at" timestamp with time zone,
	"charges_at" timestamp with time zone,
	"failed_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"ended" "automatic_end",
	"ended_by_id" uuid,
	"cancelled_at" timestamp with time zone,
	CONSTRAINT "automatic_renewals_sessionId_unique" UNIQUE("session_id"),
	CONSTRAINT "automatic_renewals_stripeSubscriptionId_unique" UNIQUE("stripe_subscription_id"),
	CONSTRAINT "automatic_renewals_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "automatic_renewals_currency" CHECK ("automatic_renewals"."currency" ~ '^[a-z]{3}$'),
	CONSTRAINT "automatic_renewals_amount" CHECK ("automatic_renewals"."amount" >= 1),
	CONSTRAINT "automatic_renewals_ended" CHECK (("automatic_renewals"."ended_at" is null) = ("automatic_renewals"."ended" is null)),
	CONSTRAINT "automatic_renewals_ended_by" CHECK ("automatic_renewals"."ended_by_id" is null or "automatic_renewals"."ended" = 'by_member'),
	CONSTRAINT "automatic_renewals_started" CHECK (("automatic_renewals"."started_at" is null) = ("automatic_renewals"."stripe_subscription_id" is null)),
	CONSTRAINT "automatic_renewals_session" CHECK (("automatic_renewals"."session_id" is null) = ("automatic_renewals"."session_url" is null)),
	CONSTRAINT "automatic_renewals_cancelled" CHECK ("automatic_renewals"."cancelled_at" is null or "automatic_renewals"."ended_at" is not null),
	CONSTRAINT "automatic_renewals_span" CHECK ("automatic_renewals"."begun_at" <= least("automatic_renewals"."started_at", "automatic_renewals"."ended_at"))
);
--> statement-breakpoint
ALTER TABLE "automatic_renewals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "billing_accounts" ADD COLUMN "former_customer_ids" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "automatic_charges" ADD CONSTRAINT "automatic_charges_renewal_fk" FOREIGN KEY ("organization_id","renewal_id") REFERENCES "public"."automatic_renewals"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "automatic_charges" ADD CONSTRAINT "automatic_charges_checkout_fk" FOREIGN KEY ("organization_id","checkout_id") REFERENCES "public"."checkouts"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "automatic_renewals" ADD CONSTRAINT "automatic_renewals_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "automatic_renewals" ADD CONSTRAINT "automatic_renewals_price_id_prices_id_fk" FOREIGN KEY ("price_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "automatic_renewals" ADD CONSTRAINT "automatic_renewals_begun_by_id_people_id_fk" FOREIGN KEY ("begun_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "automatic_renewals" ADD CONSTRAINT "automatic_renewals_ended_by_id_people_id_fk" FOREIGN KEY ("ended_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "automatic_renewals" ADD CONSTRAINT "automatic_renewals_subscription_fk" FOREIGN KEY ("organization_id","subscription_id") REFERENCES "public"."subscriptions"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "automatic_renewals_open" ON "automatic_renewals" USING btree ("organization_id","subscription_id") WHERE "automatic_renewals"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "automatic_renewals_live" ON "automatic_renewals" USING btree ("id") WHERE "automatic_renewals"."cancelled_at" is null;--> statement-breakpoint
CREATE POLICY "organization_reads" ON "automatic_charges" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "automatic_charges"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "automatic_charges" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("automatic_charges"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "automatic_charges" AS PERMISSIVE FOR UPDATE TO public USING ("automatic_charges"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("automatic_charges"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "automatic_charges" AS PERMISSIVE FOR DELETE TO public USING ("automatic_charges"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "automatic_renewals" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "automatic_renewals"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "automatic_renewals" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("automatic_renewals"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "automatic_renewals" AS PERMISSIVE FOR UPDATE TO public USING ("automatic_renewals"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("automatic_renewals"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "automatic_renewals" AS PERMISSIVE FOR DELETE TO public USING ("automatic_renewals"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');