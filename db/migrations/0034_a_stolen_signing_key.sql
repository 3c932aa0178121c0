DROP INDEX "signing_keys_waiting";--> statement-breakpoint
ALTER TABLE "signing_keys" ADD COLUMN "dropped_at" timestamp with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "signing_keys_waiting" ON "signing_keys" USING btree ((true)) WHERE "signing_keys"."signs_from" is null and "signing_keys"."dropped_at" is null;