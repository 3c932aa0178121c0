DROP INDEX "keys_not_seen";--> statement-breakpoint
CREATE INDEX "revocations_latest" ON "revocations" USING btree ("organization_id","revoked_at","key_id") WHERE "revocations"."restored_at" is null;--> statement-breakpoint
CREATE INDEX "keys_not_seen" ON "keys" USING btree ("organization_id","due_at","id") WHERE "keys"."follows_id" is not null and "keys"."first_seen_at" is null;