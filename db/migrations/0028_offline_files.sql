CREATE TABLE "offline_files" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"activation_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"instance_id" uuid NOT NULL,
	"installation_id" text NOT NULL,
	"issued_at" timestamp with time zone NOT NULL,
	"works_until" timestamp with time zone NOT NULL,
	"issued_by_id" uuid,
	"api_token_id" uuid,
	"gone_at" timestamp with time zone,
	CONSTRAINT "offline_files_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "offline_files_by" CHECK (("offline_files"."issued_by_id" is null) <> ("offline_files"."api_token_id" is null)),
	CONSTRAINT "offline_files_span" CHECK ("offline_files"."works_until" > "offline_files"."issued_at" and "offline_files"."works_until" <= "offline_files"."issued_at" + interval '9600 hours'),
	CONSTRAINT "offline_files_gone" CHECK ("offline_files"."gone_at" >= "offline_files"."issued_at")
);
--> statement-breakpoint
ALTER TABLE "offline_files" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "offline_files" ADD CONSTRAINT "offline_files_issued_by_id_people_id_fk" FOREIGN KEY ("issued_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "offline_files" ADD CONSTRAINT "offline_files_activation_fk" FOREIGN KEY ("organization_id","activation_id") REFERENCES "public"."activations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "offline_files" ADD CONSTRAINT "offline_files_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "offline_files" ADD CONSTRAINT "offline_files_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "offline_files" ADD CONSTRAINT "offline_files_token_fk" FOREIGN KEY ("organization_id","api_token_id") REFERENCES "public"."api_tokens"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "offline_files_instance" ON "offline_files" USING btree ("organization_id","instance_id","works_until");--> statement-breakpoint
CREATE INDEX "offline_files_key" ON "offline_files" USING btree ("organization_id","key_id","works_until");--> statement-breakpoint
CREATE POLICY "organization_reads" ON "offline_files" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "offline_files"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "offline_files" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("offline_files"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "offline_files" AS PERMISSIVE FOR UPDATE TO public USING ("offline_files"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("offline_files"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "offline_files" AS PERMISSIVE FOR DELETE TO public USING ("offline_files"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');