CREATE TYPE "public"."question_answer" AS ENUM('test_copy', 'moved', 'further_address', 'not_ours');--> statement-breakpoint
CREATE TYPE "public"."question_kind" AS ENUM('installation', 'address', 'copy');--> statement-breakpoint
ALTER TYPE "public"."audit_actor" ADD VALUE 'glpi';--> statement-breakpoint
ALTER TYPE "public"."audit_actor" ADD VALUE 'token';--> statement-breakpoint
CREATE TABLE "activations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"instance_id" uuid NOT NULL,
	"installation_id" text NOT NULL,
	"environment" "environment" NOT NULL,
	"exclusive" boolean NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"lease" uuid NOT NULL,
	"previous_lease" uuid,
	"lease_ends_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"refreshed_at" timestamp with time zone NOT NULL,
	"given_back_at" timestamp with time zone,
	CONSTRAINT "activations_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "activations_installation_id" CHECK ("activations"."installation_id" ~ '[^[:space:]]'),
	CONSTRAINT "activations_secret_hash" CHECK (octet_length("activations"."secret_hash") = 32),
	CONSTRAINT "activations_span" CHECK ("activations"."created_at" <= "activations"."refreshed_at" and "activations"."created_at" <= "activations"."given_back_at")
);
--> statement-breakpoint
ALTER TABLE "activations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "check_days" (
	"organization_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"day" date NOT NULL,
	"asked" text NOT NULL,
	"code" text NOT NULL,
	"calls" bigint NOT NULL,
	CONSTRAINT "check_days_organization_id_key_id_day_asked_code_pk" PRIMARY KEY("organization_id","key_id","day","asked","code"),
	CONSTRAINT "check_days_calls" CHECK ("check_days"."calls" >= 1)
);
--> statement-breakpoint
ALTER TABLE "check_days" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "checks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "checks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"organization_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"instance_id" uuid,
	"installation_id" text,
	"at" timestamp with time zone NOT NULL,
	"asked" text NOT NULL,
	"code" text NOT NULL,
	"notes" text[] NOT NULL,
	"url" text,
	"glpi_version" text,
	"product_version" text,
	"calls" integer NOT NULL,
	CONSTRAINT "checks_calls" CHECK ("checks"."calls" >= 1)
);
--> statement-breakpoint
ALTER TABLE "checks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "question_counts" (
	"organization_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"open" integer DEFAULT 0 NOT NULL,
	"unlisted" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "question_counts_organization_id_key_id_pk" PRIMARY KEY("organization_id","key_id"),
	CONSTRAINT "question_counts_open" CHECK ("question_counts"."open" between 0 and 20),
	CONSTRAINT "question_counts_unlisted" CHECK ("question_counts"."unlisted" >= 0)
);
--> statement-breakpoint
ALTER TABLE "question_counts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "questions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"kind" "question_kind" NOT NULL,
	"installation_id" text NOT NULL,
	"url" text,
	"glpi_version" text,
	"refusal_code" text NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	"calls" integer NOT NULL,
	"answer" "question_answer",
	"answered_at" timestamp with time zone,
	"answered_by_id" uuid,
	CONSTRAINT "questions_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "questions_installation_id" CHECK ("questions"."installation_id" ~ '[^[:space:]]'),
	CONSTRAINT "questions_code_shape" CHECK ("questions"."refusal_code" ~ '^[0-9A-HJKMNP-TV-Z]{6}$'),
	CONSTRAINT "questions_span" CHECK ("questions"."first_at" <= "questions"."last_at"),
	CONSTRAINT "questions_calls" CHECK ("questions"."calls" >= 1),
	CONSTRAINT "questions_answered" CHECK (("questions"."answer" is null) = ("questions"."answered_at" is null))
);
--> statement-breakpoint
ALTER TABLE "questions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sightings" (
	"organization_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"installation_id" text NOT NULL,
	"instance_id" uuid NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	"url" text,
	"glpi_version" text,
	"product_version" text,
	CONSTRAINT "sightings_organization_id_key_id_installation_id_pk" PRIMARY KEY("organization_id","key_id","installation_id"),
	CONSTRAINT "sightings_span" CHECK ("sightings"."first_at" <= "sightings"."last_at")
);
--> statement-breakpoint
ALTER TABLE "sightings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "activations" ADD CONSTRAINT "activations_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "activations" ADD CONSTRAINT "activations_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "check_days" ADD CONSTRAINT "check_days_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checks" ADD CONSTRAINT "checks_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checks" ADD CONSTRAINT "checks_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "question_counts" ADD CONSTRAINT "question_counts_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "questions" ADD CONSTRAINT "questions_answered_by_id_people_id_fk" FOREIGN KEY ("answered_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "questions" ADD CONSTRAINT "questions_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sightings" ADD CONSTRAINT "sightings_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sightings" ADD CONSTRAINT "sightings_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "activations_once" ON "activations" USING btree ("organization_id","key_id","installation_id") WHERE "activations"."given_back_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "activations_place" ON "activations" USING btree ("organization_id","key_id","environment") WHERE "activations"."given_back_at" is null and "activations"."exclusive";--> statement-breakpoint
CREATE INDEX "activations_instance" ON "activations" USING btree ("organization_id","instance_id");--> statement-breakpoint
CREATE INDEX "checks_key" ON "checks" USING btree ("organization_id","key_id","at");--> statement-breakpoint
CREATE INDEX "checks_instance" ON "checks" USING btree ("organization_id","instance_id","at");--> statement-breakpoint
CREATE INDEX "checks_at" ON "checks" USING btree ("at");--> statement-breakpoint
CREATE UNIQUE INDEX "questions_once" ON "questions" USING btree ("organization_id","key_id","kind","installation_id");--> statement-breakpoint
CREATE INDEX "questions_code" ON "questions" USING btree ("organization_id","refusal_code");--> statement-breakpoint
CREATE INDEX "questions_open" ON "questions" USING btree ("organization_id","last_at") WHERE "questions"."answered_at" is null;--> statement-breakpoint
CREATE INDEX "sightings_instance" ON "sightings" USING btree ("organization_id","instance_id","last_at");--> statement-breakpoint
CREATE POLICY "definer_changes" ON "instances" AS PERMISSIVE FOR UPDATE TO "latchkey_definer" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "definer_reads" ON "keys" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "definer_reads" ON "revocations" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "organization_reads" ON "activations" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "activations"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "activations" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("activations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "activations" AS PERMISSIVE FOR UPDATE TO public USING ("activations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("activations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "activations" AS PERMISSIVE FOR DELETE TO public USING ("activations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_reads" ON "activations" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "definer_changes" ON "activations" AS PERMISSIVE FOR UPDATE TO "latchkey_definer" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organization_reads" ON "check_days" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "check_days"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "check_days" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("check_days"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "check_days" AS PERMISSIVE FOR UPDATE TO public USING ("check_days"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("check_days"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "check_days" AS PERMISSIVE FOR DELETE TO public USING ("check_days"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "checks" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "checks"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "checks" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("checks"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "checks" AS PERMISSIVE FOR UPDATE TO public USING ("checks"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("checks"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "checks" AS PERMISSIVE FOR DELETE TO public USING ("checks"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_adds" ON "checks" AS PERMISSIVE FOR INSERT TO "latchkey_definer" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organization_reads" ON "question_counts" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "question_counts"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "question_counts" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("question_counts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "question_counts" AS PERMISSIVE FOR UPDATE TO public USING ("question_counts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("question_counts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "question_counts" AS PERMISSIVE FOR DELETE TO public USING ("question_counts"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_reads" ON "question_counts" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "definer_adds" ON "question_counts" AS PERMISSIVE FOR INSERT TO "latchkey_definer" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "definer_changes" ON "question_counts" AS PERMISSIVE FOR UPDATE TO "latchkey_definer" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organization_reads" ON "questions" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "questions"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "questions" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("questions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "questions" AS PERMISSIVE FOR UPDATE TO public USING ("questions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("questions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "questions" AS PERMISSIVE FOR DELETE TO public USING ("questions"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_reads" ON "questions" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "definer_adds" ON "questions" AS PERMISSIVE FOR INSERT TO "latchkey_definer" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "definer_changes" ON "questions" AS PERMISSIVE FOR UPDATE TO "latchkey_definer" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organization_reads" ON "sightings" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "sightings"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "sightings" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("sightings"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "sightings" AS PERMISSIVE FOR UPDATE TO public USING ("sightings"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("sightings"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "sightings" AS PERMISSIVE FOR DELETE TO public USING ("sightings"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_reads" ON "sightings" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "definer_adds" ON "sightings" AS PERMISSIVE FOR INSERT TO "latchkey_definer" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "definer_changes" ON "sightings" AS PERMISSIVE FOR UPDATE TO "latchkey_definer" USING (true) WITH CHECK (true);