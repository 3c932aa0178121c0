CREATE TYPE "public"."trial_doubt" AS ENUM('known_elsewhere', 'many_from_network');--> statement-breakpoint
CREATE TYPE "public"."sign_up_outcome" AS ENUM('staff', 'member', 'joins', 'own');--> statement-breakpoint
CREATE TABLE "trial_sign_ups" (
	"id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"email" text,
	"organization_name" text,
	"url" text,
	"network" "bytea",
	"language" "language" NOT NULL,
	"time_zone" text,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"confirmed_at" timestamp with time zone,
	"person_id" uuid,
	"outcome" "sign_up_outcome",
	"organization_id" uuid,
	"doubt" "trial_doubt",
	"begun_at" timestamp with time zone,
	"key_id" uuid,
	"request_id" uuid,
	CONSTRAINT "trial_sign_ups_email" CHECK ("trial_sign_ups"."email" = lower("trial_sign_ups"."email")),
	CONSTRAINT "trial_sign_ups_name" CHECK (length("trial_sign_ups"."organization_name") between 1 and 200 and "trial_sign_ups"."organization_name" ~ '[^[:space:]]'),
	CONSTRAINT "trial_sign_ups_network_hmac" CHECK (octet_length("trial_sign_ups"."network") = 32),
	CONSTRAINT "trial_sign_ups_time_zone" CHECK ("trial_sign_ups"."time_zone" is null or "trial_sign_ups"."time_zone" ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z_-]+)+)$' and timestamptz 'epoch' at time zone "trial_sign_ups"."time_zone" is not null),
	CONSTRAINT "trial_sign_ups_span" CHECK ("trial_sign_ups"."created_at" < "trial_sign_ups"."expires_at" and "trial_sign_ups"."created_at" <= "trial_sign_ups"."confirmed_at"),
	CONSTRAINT "trial_sign_ups_confirmed" CHECK (("trial_sign_ups"."confirmed_at" is null) = ("trial_sign_ups"."person_id" is null)),
	CONSTRAINT "trial_sign_ups_outcome" CHECK ("trial_sign_ups"."outcome" is null or "trial_sign_ups"."confirmed_at" is not null),
	CONSTRAINT "trial_sign_ups_organization" CHECK (("trial_sign_ups"."organization_id" is not null) = ("trial_sign_ups"."outcome" is not null and "trial_sign_ups"."outcome" <> 'staff')),
	CONSTRAINT "trial_sign_ups_doubt" CHECK ("trial_sign_ups"."doubt" is null or "trial_sign_ups"."outcome" = 'own'),
	CONSTRAINT "trial_sign_ups_begun" CHECK ("trial_sign_ups"."begun_at" is null or "trial_sign_ups"."outcome" = 'own'),
	CONSTRAINT "trial_sign_ups_key" CHECK ("trial_sign_ups"."key_id" is null or "trial_sign_ups"."begun_at" is not null),
	CONSTRAINT "trial_sign_ups_request" CHECK ("trial_sign_ups"."request_id" is null or "trial_sign_ups"."begun_at" is not null or "trial_sign_ups"."outcome" = 'joins')
);
--> statement-breakpoint
ALTER TABLE "trial_sign_ups" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "sign_ins" ADD COLUMN "trial_sign_up_id" uuid;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "doubt" "trial_doubt";--> statement-breakpoint
ALTER TABLE "trial_sign_ups" ADD CONSTRAINT "trial_sign_ups_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trial_sign_ups" ADD CONSTRAINT "trial_sign_ups_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trial_sign_ups" ADD CONSTRAINT "trial_sign_ups_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trial_sign_ups" ADD CONSTRAINT "trial_sign_ups_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trial_sign_ups" ADD CONSTRAINT "trial_sign_ups_request_fk" FOREIGN KEY ("organization_id","request_id") REFERENCES "public"."requests"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "trial_sign_ups_created" ON "trial_sign_ups" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "trial_sign_ups_network" ON "trial_sign_ups" USING btree ("network","confirmed_at");--> statement-breakpoint
CREATE INDEX "trial_sign_ups_person" ON "trial_sign_ups" USING btree ("person_id");--> statement-breakpoint
CREATE INDEX "trial_sign_ups_organization" ON "trial_sign_ups" USING btree ("organization_id","product_id","created_at");--> statement-breakpoint
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_trial_sign_up_id_trial_sign_ups_id_fk" FOREIGN KEY ("trial_sign_up_id") REFERENCES "public"."trial_sign_ups"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "instance_addresses_anywhere" ON "instance_addresses" USING btree ("url_identity");--> statement-breakpoint
CREATE INDEX "instances_installation" ON "instances" USING btree ("installation_id");--> statement-breakpoint
CREATE INDEX "sign_ins_trial" ON "sign_ins" USING btree ("trial_sign_up_id");--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_doubt" CHECK ("requests"."doubt" is null or "requests"."kind" = 'trial');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "trial_sign_ups" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "trial_sign_ups"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "trial_sign_ups" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("trial_sign_ups"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "trial_sign_ups" AS PERMISSIVE FOR UPDATE TO public USING ("trial_sign_ups"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("trial_sign_ups"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "trial_sign_ups" AS PERMISSIVE FOR DELETE TO public USING ("trial_sign_ups"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
-- Whether the GLPI of an instance is one that another organization has, where it has called. Only yes or no comes out, and only of
-- an instance of the organization at hand, whose own scope sees no other.
create function known_elsewhere(instance uuid)
  returns boolean
  language sql stable security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  select exists (
    select from instances own
    where own.organization_id = current_organization() and own.id = instance and (
      exists (
        select from instances other
        where other.installation_id = own.installation_id and other.organization_id <> own.organization_id)
      or exists (
        select from instance_addresses mine
        join instance_addresses theirs on theirs.url_identity = mine.url_identity
          and theirs.organization_id <> mine.organization_id
        join instances other on other.organization_id = theirs.organization_id and other.id = theirs.instance_id
        where mine.organization_id = own.organization_id and mine.instance_id = own.id and mine.retired_at is null
          and (other.installation_id is not null or exists (
            select from sightings s where s.organization_id = other.organization_id and s.instance_id = other.id)))))
$$;
