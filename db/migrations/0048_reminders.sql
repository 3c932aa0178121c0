CREATE TYPE "public"."reminder_kind" AS ENUM('ends', 'not_in_glpi');--> statement-breakpoint
CREATE TABLE "reminders" (
	"organization_id" uuid NOT NULL,
	"term_id" uuid NOT NULL,
	"kind" "reminder_kind" NOT NULL,
	"mark" smallint NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"done_at" timestamp with time zone,
	CONSTRAINT "reminders_organization_id_term_id_kind_mark_pk" PRIMARY KEY("organization_id","term_id","kind","mark"),
	CONSTRAINT "reminders_mark" CHECK ("reminders"."mark" = any (case "reminders"."kind" when 'ends' then array[60, 30, 14, 7, 1] else array[0] end)),
	CONSTRAINT "reminders_span" CHECK ("reminders"."created_at" <= "reminders"."done_at")
);
--> statement-breakpoint
ALTER TABLE "reminders" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sent_mails" (
	"organization_id" uuid NOT NULL,
	"about" text NOT NULL,
	"person_id" uuid NOT NULL,
	"sent_at" timestamp with time zone NOT NULL,
	CONSTRAINT "sent_mails_organization_id_about_person_id_pk" PRIMARY KEY("organization_id","about","person_id"),
	CONSTRAINT "sent_mails_about" CHECK ("sent_mails"."about" ~ '^[a-z-]+[.][0-9a-z.-]+$')
);
--> statement-breakpoint
ALTER TABLE "sent_mails" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "reminders" ADD CONSTRAINT "reminders_term_fk" FOREIGN KEY ("organization_id","term_id") REFERENCES "public"."terms"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sent_mails" ADD CONSTRAINT "sent_mails_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sent_mails" ADD CONSTRAINT "sent_mails_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "reminders_at" ON "reminders" USING btree ("organization_id","kind","created_at");--> statement-breakpoint
CREATE INDEX "reminders_open" ON "reminders" USING btree ("organization_id","kind") WHERE "reminders"."done_at" is null;--> statement-breakpoint
CREATE POLICY "organization_reads" ON "reminders" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "reminders"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "reminders" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("reminders"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "reminders" AS PERMISSIVE FOR UPDATE TO public USING ("reminders"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("reminders"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "reminders" AS PERMISSIVE FOR DELETE TO public USING ("reminders"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "sent_mails" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "sent_mails"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "sent_mails" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("sent_mails"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "sent_mails" AS PERMISSIVE FOR UPDATE TO public USING ("sent_mails"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("sent_mails"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "sent_mails" AS PERMISSIVE FOR DELETE TO public USING ("sent_mails"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');