CREATE TABLE "api_tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"name" text NOT NULL,
	"scopes" text[] NOT NULL,
	"token_hash" "bytea" NOT NULL,
	"last_four" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by_id" uuid NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"revoked_by_id" uuid,
	"last_used_at" timestamp with time zone,
	CONSTRAINT "api_tokens_tokenHash_unique" UNIQUE("token_hash"),
	CONSTRAINT "api_tokens_organization" UNIQUE("organization_id","id"),
	CONSTRAINT "api_tokens_name" CHECK (length("api_tokens"."name") <= 100 and "api_tokens"."name" ~ '[^[:space:]]'),
	CONSTRAINT "api_tokens_scopes" CHECK (cardinality("api_tokens"."scopes") between 1 and 2 and "api_tokens"."scopes" <@ array['keys.read', 'offline_files.create']),
	CONSTRAINT "api_tokens_token_hash" CHECK (octet_length("api_tokens"."token_hash") = 32),
	CONSTRAINT "api_tokens_last_four" CHECK (length("api_tokens"."last_four") = 4),
	CONSTRAINT "api_tokens_span" CHECK ("api_tokens"."expires_at" between "api_tokens"."created_at" + interval '24 hours' and "api_tokens"."created_at" + interval '9600 hours'),
	CONSTRAINT "api_tokens_revoked" CHECK ("api_tokens"."revoked_at" >= "api_tokens"."created_at"),
	CONSTRAINT "api_tokens_revoked_by" CHECK ("api_tokens"."revoked_by_id" is null or "api_tokens"."revoked_at" is not null),
	CONSTRAINT "api_tokens_used" CHECK ("api_tokens"."last_used_at" >= "api_tokens"."created_at")
);
--> statement-breakpoint
ALTER TABLE "api_tokens" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_created_by_id_people_id_fk" FOREIGN KEY ("created_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_revoked_by_id_people_id_fk" FOREIGN KEY ("revoked_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE POLICY "organization_reads" ON "api_tokens" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "api_tokens"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "api_tokens" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("api_tokens"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "api_tokens" AS PERMISSIVE FOR UPDATE TO public USING ("api_tokens"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("api_tokens"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "api_tokens" AS PERMISSIVE FOR DELETE TO public USING ("api_tokens"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_reads" ON "api_tokens" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);
--> statement-breakpoint
-- Whose a presented token is: no scope is known before that. Of one that is revoked or has expired it says nothing.
create function api_token_owner(token_hash bytea, at timestamptz)
  returns table (organization_id uuid, token_id uuid, scopes text[], last_used_at timestamptz)
  language sql stable security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  select t.organization_id, t.id, t.scopes, t.last_used_at
  from api_tokens t
  where t.token_hash = api_token_owner.token_hash and t.revoked_at is null and t.expires_at > at
$$;
