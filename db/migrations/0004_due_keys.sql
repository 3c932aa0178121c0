DROP INDEX "keys_due";--> statement-breakpoint
CREATE INDEX "keys_due" ON "keys" USING btree ("organization_id","due_at","id","ends_at") WHERE "keys"."renewed_at" is null;