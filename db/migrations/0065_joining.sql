ALTER TABLE "requests" DROP CONSTRAINT "requests_key";--> statement-breakpoint
DROP INDEX "requests_open";--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "owners_until" timestamp with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "requests_open" ON "requests" USING btree ("organization_id","kind",(case when "kind" = 'join' then "asked_by_id" else coalesce("key_id", "product_id") end)) WHERE "requests"."closed_at" is null;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_owners" CHECK (("requests"."kind" = 'join') = ("requests"."owners_until" is not null));--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_key" CHECK ("requests"."kind" = 'join' or ("requests"."kind" = 'trial_time') = ("requests"."key_id" is not null));