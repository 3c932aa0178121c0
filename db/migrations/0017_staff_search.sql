CREATE TABLE "email_changes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"person_id" uuid NOT NULL,
	"old_email" text NOT NULL,
	"new_email" text NOT NULL,
	"old_hmac" "bytea" NOT NULL,
	"new_hmac" "bytea" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"old_confirmed_at" timestamp with time zone,
	"new_confirmed_at" timestamp with time zone,
	"withdrawn_at" timestamp with time zone,
	CONSTRAINT "email_changes_oldHmac_unique" UNIQUE("old_hmac"),
	CONSTRAINT "email_changes_newHmac_unique" UNIQUE("new_hmac"),
	CONSTRAINT "email_changes_span" CHECK ("email_changes"."created_at" < "email_changes"."expires_at"),
	CONSTRAINT "email_changes_address" CHECK ("email_changes"."new_email" = lower("email_changes"."new_email") and "email_changes"."new_email" <> "email_changes"."old_email"),
	CONSTRAINT "email_changes_end" CHECK ("email_changes"."withdrawn_at" is null or "email_changes"."old_confirmed_at" is null or "email_changes"."new_confirmed_at" is null)
);
--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "id" uuid DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
ALTER TABLE "email_changes" ADD CONSTRAINT "email_changes_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "email_changes_open" ON "email_changes" USING btree ("person_id") WHERE "email_changes"."withdrawn_at" is null and ("email_changes"."old_confirmed_at" is null or "email_changes"."new_confirmed_at" is null);--> statement-breakpoint
CREATE INDEX "email_changes_expiry" ON "email_changes" USING btree ("expires_at");--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_id_unique" UNIQUE("id");