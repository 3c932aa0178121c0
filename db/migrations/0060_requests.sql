CREATE TYPE "public"."request_answer" AS ENUM('approved', 'declined', 'asked_back', 'replied', 'withdrawn');--> statement-breakpoint
CREATE TYPE "public"."request_kind" AS ENUM('join', 'trial', 'second_trial', 'trial_time');--> statement-breakpoint
CREATE TABLE "request_answers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"answer" "request_answer" NOT NULL,
	"note" text,
	"given_by_id" uuid NOT NULL,
	"given_at" timestamp with time zone NOT NULL,
	CONSTRAINT "request_answers_note" CHECK ("request_answers"."note" ~ '[^[:space:]]'),
	CONSTRAINT "request_answers_says" CHECK ("request_answers"."answer" in ('approved', 'withdrawn') or "request_answers"."note" is not null)
);
--> statement-breakpoint
ALTER TABLE "request_answers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "requests" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"kind" "request_kind" NOT NULL,
	"asked_by_id" uuid NOT NULL,
	"asked_at" timestamp with time zone NOT NULL,
	"reason" text,
	"key_id" uuid,
	"product_id" uuid,
	"instance_id" uuid,
	"closed_at" timestamp with time zone,
	CONSTRAINT "requests_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "requests_key" CHECK (("requests"."kind" = 'trial_time') = ("requests"."key_id" is not null)),
	CONSTRAINT "requests_product" CHECK (("requests"."kind" in ('trial', 'second_trial')) = ("requests"."product_id" is not null)),
	CONSTRAINT "requests_instance" CHECK ("requests"."instance_id" is null or "requests"."product_id" is not null),
	CONSTRAINT "requests_reason" CHECK ("requests"."reason" ~ '[^[:space:]]'),
	CONSTRAINT "requests_span" CHECK ("requests"."asked_at" <= "requests"."closed_at")
);
--> statement-breakpoint
ALTER TABLE "requests" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "request_answers" ADD CONSTRAINT "request_answers_given_by_id_people_id_fk" FOREIGN KEY ("given_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "request_answers" ADD CONSTRAINT "request_answers_request_fk" FOREIGN KEY ("organization_id","request_id") REFERENCES "public"."requests"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_asked_by_id_people_id_fk" FOREIGN KEY ("asked_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "request_answers_request" ON "request_answers" USING btree ("organization_id","request_id","given_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "request_answers_end" ON "request_answers" USING btree ("organization_id","request_id") WHERE "request_answers"."answer" in ('approved', 'declined', 'withdrawn');--> statement-breakpoint
CREATE UNIQUE INDEX "requests_open" ON "requests" USING btree ("organization_id","kind",coalesce("key_id", "product_id", "asked_by_id")) WHERE "requests"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "requests_asked_by" ON "requests" USING btree ("asked_by_id");--> statement-breakpoint
CREATE INDEX "requests_queue" ON "requests" USING btree ("asked_at","id") WHERE "requests"."closed_at" is null;--> statement-breakpoint
CREATE POLICY "organization_reads" ON "request_answers" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "request_answers"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "request_answers" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("request_answers"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "request_answers" AS PERMISSIVE FOR UPDATE TO public USING ("request_answers"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("request_answers"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "request_answers" AS PERMISSIVE FOR DELETE TO public USING ("request_answers"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_reads" ON "requests" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "requests"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "requests" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("requests"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "requests" AS PERMISSIVE FOR UPDATE TO public USING ("requests"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("requests"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "requests" AS PERMISSIVE FOR DELETE TO public USING ("requests"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');