CREATE TYPE "public"."staff_role" AS ENUM('account_manager', 'admin');--> statement-breakpoint
CREATE TABLE "assignments" (
	"organization_id" uuid NOT NULL,
	"person_id" uuid NOT NULL,
	"assigned_at" timestamp with time zone NOT NULL,
	CONSTRAINT "assignments_organization_id_person_id_pk" PRIMARY KEY("organization_id","person_id")
);
--> statement-breakpoint
ALTER TABLE "assignments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "staff" (
	"person_id" uuid PRIMARY KEY NOT NULL,
	"role" "staff_role" NOT NULL,
	"added_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "staff_span" CHECK ("staff"."added_at" <= "staff"."ended_at")
);
--> statement-breakpoint
ALTER TABLE "organizations" ADD COLUMN "name_folded" text GENERATED ALWAYS AS (translate(replace(replace(replace(lower(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g')), 'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss'), 'đıłø', 'dilo')) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "assignments" ADD CONSTRAINT "assignments_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assignments" ADD CONSTRAINT "assignments_person_id_staff_person_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."staff"("person_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "staff" ADD CONSTRAINT "staff_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "assignments_person" ON "assignments" USING btree ("person_id");--> statement-breakpoint
CREATE INDEX "instances_label_anywhere" ON "instances" USING gin ("label_folded" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "keys_last_four_anywhere" ON "keys" USING btree ("last_four");--> statement-breakpoint
CREATE POLICY "definer_reads" ON "instance_addresses" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "definer_reads" ON "instances" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "organization_reads" ON "assignments" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "assignments"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "assignments" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("assignments"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "assignments" AS PERMISSIVE FOR UPDATE TO public USING ("assignments"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("assignments"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "assignments" AS PERMISSIVE FOR DELETE TO public USING ("assignments"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');