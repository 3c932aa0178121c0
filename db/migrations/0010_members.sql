CREATE TABLE "invitations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"email" text NOT NULL,
	"role" "member_role" NOT NULL,
	"token_hash" "bytea" NOT NULL,
	"invited_by_id" uuid,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"accepted_at" timestamp with time zone,
	"accepted_by_id" uuid,
	"withdrawn_at" timestamp with time zone,
	CONSTRAINT "invitations_tokenHash_unique" UNIQUE("token_hash"),
	CONSTRAINT "invitations_email_lower" CHECK ("invitations"."email" = lower("invitations"."email")),
	CONSTRAINT "invitations_span" CHECK ("invitations"."created_at" < "invitations"."expires_at"),
	CONSTRAINT "invitations_accepted" CHECK (("invitations"."accepted_at" is null) = ("invitations"."accepted_by_id" is null)),
	CONSTRAINT "invitations_end" CHECK ("invitations"."accepted_at" is null or "invitations"."withdrawn_at" is null),
	CONSTRAINT "invitations_token_hash" CHECK (octet_length("invitations"."token_hash") = 32)
);
--> statement-breakpoint
ALTER TABLE "invitations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_invited_by_id_people_id_fk" FOREIGN KEY ("invited_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_accepted_by_id_people_id_fk" FOREIGN KEY ("accepted_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "invitations_open" ON "invitations" USING btree ("organization_id","email") WHERE "invitations"."accepted_at" is null and "invitations"."withdrawn_at" is null;--> statement-breakpoint
CREATE INDEX "audit_entries_revealed" ON "audit_entries" USING btree ("organization_id","person_id","key_id","at") WHERE "audit_entries"."action" = 'key.reveal' and "audit_entries"."outcome" = 'done';--> statement-breakpoint
CREATE POLICY "organization_reads" ON "invitations" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "invitations"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "invitations" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("invitations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "invitations" AS PERMISSIVE FOR UPDATE TO public USING ("invitations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("invitations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "invitations" AS PERMISSIVE FOR DELETE TO public USING ("invitations"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');