CREATE TYPE "public"."audit_actor" AS ENUM('member', 'staff', 'system', 'stranger');--> statement-breakpoint
CREATE TYPE "public"."audit_outcome" AS ENUM('done', 'refused');--> statement-breakpoint
CREATE TYPE "public"."end_behaviour" AS ENUM('read_only', 'trial_mode', 'disabled');--> statement-breakpoint
CREATE TYPE "public"."key_binding" AS ENUM('url', 'installation', 'organization');--> statement-breakpoint
CREATE TYPE "public"."key_kind" AS ENUM('subscription', 'trial', 'permanent');--> statement-breakpoint
CREATE TYPE "public"."product_kind" AS ENUM('plugin', 'suite', 'cloud_plan');--> statement-breakpoint
CREATE TYPE "public"."environment" AS ENUM('production', 'test');--> statement-breakpoint
CREATE TYPE "public"."revocation_reason" AS ENUM('non_payment', 'refunded', 'disputed', 'terms_violated', 'leaked', 'requested');--> statement-breakpoint
CREATE TYPE "public"."member_role" AS ENUM('owner', 'billing', 'technical', 'viewer');--> statement-breakpoint
CREATE TYPE "public"."language" AS ENUM('en', 'fr');--> statement-breakpoint
CREATE TABLE "audit_entries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid,
	"sequence" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"actor" "audit_actor" NOT NULL,
	"person_id" uuid,
	"action" text NOT NULL,
	"outcome" "audit_outcome" NOT NULL,
	"instance_id" uuid,
	"key_id" uuid,
	"details" jsonb NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_entries_sequence" UNIQUE NULLS NOT DISTINCT("organization_id","sequence")
);
--> statement-breakpoint
ALTER TABLE "audit_entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "audit_heads" (
	"organization_id" uuid,
	"sequence" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_heads_organization" UNIQUE NULLS NOT DISTINCT("organization_id")
);
--> statement-breakpoint
ALTER TABLE "audit_heads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "products" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reference" text NOT NULL,
	"name" text NOT NULL,
	"kind" "product_kind" NOT NULL,
	"open_source" boolean DEFAULT false NOT NULL,
	"key_kind" "key_kind" DEFAULT 'subscription' NOT NULL,
	"binding" "key_binding" DEFAULT 'url' NOT NULL,
	"description" jsonb NOT NULL,
	"free_features" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"trial_days" smallint,
	"overlap_days" smallint DEFAULT 14 NOT NULL,
	"grace_days" smallint DEFAULT 7 NOT NULL,
	"moves_per_year" smallint DEFAULT 3 NOT NULL,
	"on_expiry" "end_behaviour" DEFAULT 'read_only' NOT NULL,
	"on_revocation" "end_behaviour" DEFAULT 'read_only' NOT NULL,
	"homepage_url" text,
	"created_at" timestamp with time zone NOT NULL,
	"withdrawn_at" timestamp with time zone,
	CONSTRAINT "products_reference_unique" UNIQUE("reference"),
	CONSTRAINT "products_reference" CHECK ("products"."reference" ~ '^[a-z0-9]+([_-][a-z0-9]+)*$'),
	CONSTRAINT "products_trial_days" CHECK ("products"."trial_days" in (15, 30)),
	CONSTRAINT "products_open_source" CHECK (not "products"."open_source" or "products"."trial_days" is null),
	CONSTRAINT "products_key_kind" CHECK ("products"."key_kind" <> 'trial'),
	CONSTRAINT "products_days" CHECK ("products"."overlap_days" between 0 and 60 and "products"."grace_days" between 1 and 60 and "products"."moves_per_year" >= 0)
);
--> statement-breakpoint
CREATE TABLE "releases" (
	"id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"version" text NOT NULL,
	"glpi_min" text NOT NULL,
	"glpi_max" text,
	"released_on" date NOT NULL,
	CONSTRAINT "releases_version" UNIQUE("product_id","version")
);
--> statement-breakpoint
CREATE TABLE "suite_products" (
	"suite_id" uuid NOT NULL,
	"product_id" uuid NOT NULL,
	CONSTRAINT "suite_products_suite_id_product_id_pk" PRIMARY KEY("suite_id","product_id"),
	CONSTRAINT "suite_products_other" CHECK ("suite_products"."suite_id" <> "suite_products"."product_id")
);
--> statement-breakpoint
CREATE TABLE "command_runs" (
	"organization_id" uuid,
	"command" text NOT NULL,
	"actor_id" text NOT NULL,
	"idempotency_key" uuid NOT NULL,
	"input_hash" text NOT NULL,
	"result" jsonb,
	"ran_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "command_runs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "rate_limits" (
	"key" text PRIMARY KEY NOT NULL,
	"points" integer DEFAULT 0 NOT NULL,
	"expire" bigint
);
--> statement-breakpoint
CREATE TABLE "instance_addresses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"instance_id" uuid NOT NULL,
	"ordinal" smallint NOT NULL,
	"url" text NOT NULL,
	"url_identity" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"retired_at" timestamp with time zone,
	CONSTRAINT "instance_addresses_ordinal" CHECK ("instance_addresses"."ordinal" between 0 and 5)
);
--> statement-breakpoint
ALTER TABLE "instance_addresses" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "instances" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"short_id" text NOT NULL,
	"label" text NOT NULL,
	"environment" "environment" NOT NULL,
	"test_of_id" uuid,
	"installation_id" text,
	"glpi_version" text,
	"asks_portal" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"retired_at" timestamp with time zone,
	CONSTRAINT "instances_shortId_unique" UNIQUE("short_id"),
	CONSTRAINT "instances_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "instances_test_of" CHECK ("instances"."test_of_id" is null or ("instances"."environment" = 'test' and "instances"."test_of_id" <> "instances"."id")),
	CONSTRAINT "instances_label" CHECK (length("instances"."label") between 1 and 200),
	CONSTRAINT "instances_short_id" CHECK ("instances"."short_id" ~ '^I-[0-9A-HJKMNP-TV-Z]{6}$')
);
--> statement-breakpoint
ALTER TABLE "instances" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "extensions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"from_expires_at" timestamp with time zone NOT NULL,
	"to_expires_at" timestamp with time zone NOT NULL,
	"reason" text NOT NULL,
	"extended_at" timestamp with time zone NOT NULL,
	"extended_by_id" uuid,
	CONSTRAINT "extensions_later" CHECK ("extensions"."from_expires_at" < "extensions"."to_expires_at")
);
--> statement-breakpoint
ALTER TABLE "extensions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"short_id" text NOT NULL,
	"product_id" uuid NOT NULL,
	"kind" "key_kind" NOT NULL,
	"binding" "key_binding" NOT NULL,
	"instance_id" uuid,
	"term_id" uuid,
	"term_ends_at" timestamp with time zone,
	"issued_at" timestamp with time zone NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	"due_at" timestamp with time zone GENERATED ALWAYS AS (coalesce(term_ends_at, expires_at)) STORED,
	"ends_at" timestamp with time zone GENERATED ALWAYS AS (coalesce(expires_at, timestamptz 'infinity')) STORED NOT NULL,
	"follows_id" uuid,
	"renewed_at" timestamp with time zone,
	"superseded_at" timestamp with time zone,
	"first_seen_at" timestamp with time zone,
	"replaced_at" timestamp with time zone,
	"cipher" "bytea" NOT NULL,
	"ring_version" smallint NOT NULL,
	"fingerprint" "bytea" NOT NULL,
	"last_four" text NOT NULL,
	CONSTRAINT "keys_shortId_unique" UNIQUE("short_id"),
	CONSTRAINT "keys_fingerprint_unique" UNIQUE("fingerprint"),
	CONSTRAINT "keys_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "keys_span" CHECK ("keys"."starts_at" < "keys"."expires_at"),
	CONSTRAINT "keys_permanent" CHECK (("keys"."kind" = 'permanent') = ("keys"."expires_at" is null)),
	CONSTRAINT "keys_term" CHECK (("keys"."kind" = 'subscription') = ("keys"."term_id" is not null)),
	CONSTRAINT "keys_term_end" CHECK (("keys"."term_id" is null) = ("keys"."term_ends_at" is null)),
	CONSTRAINT "keys_outlives_term" CHECK ("keys"."term_ends_at" <= "keys"."expires_at"),
	CONSTRAINT "keys_binding" CHECK (("keys"."binding" = 'organization') = ("keys"."instance_id" is null)),
	CONSTRAINT "keys_short_id" CHECK ("keys"."short_id" ~ '^K-[0-9A-HJKMNP-TV-Z]{6}$'),
	CONSTRAINT "keys_replaced" CHECK ("keys"."replaced_at" is null or "keys"."renewed_at" is not null)
);
--> statement-breakpoint
ALTER TABLE "keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "restorations" (
	"revocation_id" uuid NOT NULL,
	"organization_id" uuid NOT NULL,
	"note" text,
	"restored_at" timestamp with time zone NOT NULL,
	"restored_by_id" uuid,
	CONSTRAINT "restorations_organization_id_revocation_id_pk" PRIMARY KEY("organization_id","revocation_id")
);
--> statement-breakpoint
ALTER TABLE "restorations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "revocations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"reason" "revocation_reason" NOT NULL,
	"note" text,
	"revoked_at" timestamp with time zone NOT NULL,
	"revoked_by_id" uuid,
	"restored_at" timestamp with time zone,
	CONSTRAINT "revocations_organization" UNIQUE("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "revocations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "memberships" (
	"organization_id" uuid NOT NULL,
	"person_id" uuid NOT NULL,
	"role" "member_role" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "memberships_organization_id_person_id_pk" PRIMARY KEY("organization_id","person_id")
);
--> statement-breakpoint
ALTER TABLE "memberships" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"time_zone" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "organizations_slug_unique" UNIQUE("slug"),
	CONSTRAINT "organizations_slug" CHECK ("organizations"."slug" ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length("organizations"."slug") between 2 and 40),
	CONSTRAINT "organizations_name" CHECK (length("organizations"."name") between 1 and 200)
);
--> statement-breakpoint
ALTER TABLE "organizations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "known_browsers" (
	"person_id" uuid NOT NULL,
	"browser_hash" "bytea" NOT NULL,
	"last_used_at" timestamp with time zone NOT NULL,
	CONSTRAINT "known_browsers_person_id_browser_hash_pk" PRIMARY KEY("person_id","browser_hash")
);
--> statement-breakpoint
CREATE TABLE "people" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text,
	"email_verified" timestamp with time zone,
	"image" text,
	"language" "language" DEFAULT 'en' NOT NULL,
	"time_zone" text DEFAULT 'Europe/Paris' NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "people_email_unique" UNIQUE("email"),
	CONSTRAINT "people_email_lower" CHECK ("people"."email" = lower("people"."email"))
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"person_id" uuid NOT NULL,
	"expires" timestamp with time zone NOT NULL,
	"last_used_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"device" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sign_ins" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"browser_hash" "bytea" NOT NULL,
	"code_hmac" "bytea" NOT NULL,
	"link_hmac" "bytea" NOT NULL,
	"tries" smallint DEFAULT 0 NOT NULL,
	"return_to" text,
	"language" "language" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	CONSTRAINT "sign_ins_linkHmac_unique" UNIQUE("link_hmac"),
	CONSTRAINT "sign_ins_tries" CHECK ("sign_ins"."tries" between 0 and 5),
	CONSTRAINT "sign_ins_span" CHECK ("sign_ins"."created_at" < "sign_ins"."expires_at")
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"product_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "subscriptions_organization" UNIQUE("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "subscriptions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "terms" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"subscription_id" uuid NOT NULL,
	"ordinal" smallint NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "terms_ordinal" UNIQUE("organization_id","subscription_id","ordinal"),
	CONSTRAINT "terms_end" UNIQUE("organization_id","id","ends_at"),
	CONSTRAINT "terms_span" CHECK ("terms"."starts_at" < "terms"."ends_at")
);
--> statement-breakpoint
ALTER TABLE "terms" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_heads" ADD CONSTRAINT "audit_heads_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "suite_products" ADD CONSTRAINT "suite_products_suite_id_products_id_fk" FOREIGN KEY ("suite_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "suite_products" ADD CONSTRAINT "suite_products_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "command_runs" ADD CONSTRAINT "command_runs_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "instance_addresses" ADD CONSTRAINT "instance_addresses_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_test_of_fk" FOREIGN KEY ("organization_id","test_of_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "extensions" ADD CONSTRAINT "extensions_extended_by_id_people_id_fk" FOREIGN KEY ("extended_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "extensions" ADD CONSTRAINT "extensions_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_term_fk" FOREIGN KEY ("organization_id","term_id","term_ends_at") REFERENCES "public"."terms"("organization_id","id","ends_at") ON DELETE no action ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_follows_fk" FOREIGN KEY ("organization_id","follows_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "restorations" ADD CONSTRAINT "restorations_restored_by_id_people_id_fk" FOREIGN KEY ("restored_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "restorations" ADD CONSTRAINT "restorations_revocation_fk" FOREIGN KEY ("organization_id","revocation_id") REFERENCES "public"."revocations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revocations" ADD CONSTRAINT "revocations_revoked_by_id_people_id_fk" FOREIGN KEY ("revoked_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revocations" ADD CONSTRAINT "revocations_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "known_browsers" ADD CONSTRAINT "known_browsers_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "terms" ADD CONSTRAINT "terms_subscription_fk" FOREIGN KEY ("organization_id","subscription_id") REFERENCES "public"."subscriptions"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_entries_instance" ON "audit_entries" USING btree ("organization_id","instance_id","sequence");--> statement-breakpoint
CREATE INDEX "audit_entries_key" ON "audit_entries" USING btree ("organization_id","key_id","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "command_runs_once" ON "command_runs" USING btree ("command","actor_id","idempotency_key");--> statement-breakpoint
CREATE UNIQUE INDEX "instance_addresses_identity" ON "instance_addresses" USING btree ("organization_id","url_identity") WHERE "instance_addresses"."retired_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "instance_addresses_ordinal" ON "instance_addresses" USING btree ("organization_id","instance_id","ordinal") WHERE "instance_addresses"."retired_at" is null;--> statement-breakpoint
CREATE INDEX "instance_addresses_search" ON "instance_addresses" USING gin ("url_identity" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "instances_list" ON "instances" USING btree ("organization_id","label","id");--> statement-breakpoint
CREATE INDEX "instances_label_search" ON "instances" USING gin ("label" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "extensions_key" ON "extensions" USING btree ("organization_id","key_id");--> statement-breakpoint
CREATE UNIQUE INDEX "keys_current_of_term" ON "keys" USING btree ("organization_id","term_id") WHERE "keys"."superseded_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "keys_follows" ON "keys" USING btree ("organization_id","follows_id");--> statement-breakpoint
CREATE INDEX "keys_list" ON "keys" USING btree ("organization_id","ends_at","id");--> statement-breakpoint
CREATE INDEX "keys_due" ON "keys" USING btree ("organization_id","due_at","id") WHERE "keys"."renewed_at" is null;--> statement-breakpoint
CREATE INDEX "keys_not_seen" ON "keys" USING btree ("organization_id","id") WHERE "keys"."follows_id" is not null and "keys"."first_seen_at" is null;--> statement-breakpoint
CREATE INDEX "keys_instance" ON "keys" USING btree ("organization_id","instance_id","ends_at","id");--> statement-breakpoint
CREATE INDEX "keys_product" ON "keys" USING btree ("organization_id","product_id","ends_at","id");--> statement-breakpoint
CREATE INDEX "keys_last_four" ON "keys" USING btree ("organization_id","last_four");--> statement-breakpoint
CREATE INDEX "keys_ring_version" ON "keys" USING btree ("ring_version");--> statement-breakpoint
CREATE UNIQUE INDEX "revocations_current" ON "revocations" USING btree ("organization_id","key_id") WHERE "revocations"."restored_at" is null;--> statement-breakpoint
CREATE INDEX "memberships_person" ON "memberships" USING btree ("person_id");--> statement-breakpoint
CREATE INDEX "sessions_person" ON "sessions" USING btree ("person_id");--> statement-breakpoint
CREATE INDEX "sign_ins_browser" ON "sign_ins" USING btree ("browser_hash","created_at");--> statement-breakpoint
CREATE INDEX "sign_ins_expiry" ON "sign_ins" USING btree ("expires_at");--> statement-breakpoint
CREATE POLICY "organization_reads" ON "audit_entries" AS PERMISSIVE FOR SELECT TO public USING ("audit_entries"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "audit_entries" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("audit_entries"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "audit_entries" AS PERMISSIVE FOR UPDATE TO public USING ("audit_entries"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("audit_entries"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "audit_entries" AS PERMISSIVE FOR DELETE TO public USING ("audit_entries"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "audit_heads" AS PERMISSIVE FOR SELECT TO public USING ("audit_heads"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "audit_heads" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("audit_heads"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "audit_heads" AS PERMISSIVE FOR UPDATE TO public USING ("audit_heads"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("audit_heads"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "audit_heads" AS PERMISSIVE FOR DELETE TO public USING ("audit_heads"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "command_runs" AS PERMISSIVE FOR SELECT TO public USING ("command_runs"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "command_runs" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("command_runs"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "command_runs" AS PERMISSIVE FOR UPDATE TO public USING ("command_runs"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("command_runs"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "command_runs" AS PERMISSIVE FOR DELETE TO public USING ("command_runs"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "instance_addresses" AS PERMISSIVE FOR SELECT TO public USING ("instance_addresses"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "instance_addresses" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("instance_addresses"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "instance_addresses" AS PERMISSIVE FOR UPDATE TO public USING ("instance_addresses"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("instance_addresses"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "instance_addresses" AS PERMISSIVE FOR DELETE TO public USING ("instance_addresses"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "instances" AS PERMISSIVE FOR SELECT TO public USING ("instances"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "instances" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("instances"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "instances" AS PERMISSIVE FOR UPDATE TO public USING ("instances"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("instances"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "instances" AS PERMISSIVE FOR DELETE TO public USING ("instances"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "extensions" AS PERMISSIVE FOR SELECT TO public USING ("extensions"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "extensions" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("extensions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "extensions" AS PERMISSIVE FOR UPDATE TO public USING ("extensions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("extensions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "extensions" AS PERMISSIVE FOR DELETE TO public USING ("extensions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "keys" AS PERMISSIVE FOR SELECT TO public USING ("keys"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "keys" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("keys"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "keys" AS PERMISSIVE FOR UPDATE TO public USING ("keys"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("keys"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "keys" AS PERMISSIVE FOR DELETE TO public USING ("keys"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "restorations" AS PERMISSIVE FOR SELECT TO public USING ("restorations"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "restorations" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("restorations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "restorations" AS PERMISSIVE FOR UPDATE TO public USING ("restorations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("restorations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "restorations" AS PERMISSIVE FOR DELETE TO public USING ("restorations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "revocations" AS PERMISSIVE FOR SELECT TO public USING ("revocations"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "revocations" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("revocations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "revocations" AS PERMISSIVE FOR UPDATE TO public USING ("revocations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("revocations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "revocations" AS PERMISSIVE FOR DELETE TO public USING ("revocations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "memberships" AS PERMISSIVE FOR SELECT TO public USING ("memberships"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "memberships" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("memberships"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "memberships" AS PERMISSIVE FOR UPDATE TO public USING ("memberships"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("memberships"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "memberships" AS PERMISSIVE FOR DELETE TO public USING ("memberships"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_reads" ON "memberships" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "organization_reads" ON "organizations" AS PERMISSIVE FOR SELECT TO public USING ("organizations"."id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "organizations" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("organizations"."id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "organizations" AS PERMISSIVE FOR UPDATE TO public USING ("organizations"."id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("organizations"."id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "organizations" AS PERMISSIVE FOR DELETE TO public USING ("organizations"."id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_reads" ON "organizations" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "organization_reads" ON "subscriptions" AS PERMISSIVE FOR SELECT TO public USING ("subscriptions"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "subscriptions" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("subscriptions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "subscriptions" AS PERMISSIVE FOR UPDATE TO public USING ("subscriptions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("subscriptions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "subscriptions" AS PERMISSIVE FOR DELETE TO public USING ("subscriptions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "terms" AS PERMISSIVE FOR SELECT TO public USING ("terms"."organization_id" = (select current_organization()) or (select current_scope()) in ('staff', 'system'));--> statement-breakpoint
CREATE POLICY "organization_adds" ON "terms" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("terms"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "terms" AS PERMISSIVE FOR UPDATE TO public USING ("terms"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("terms"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "terms" AS PERMISSIVE FOR DELETE TO public USING ("terms"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');