DROP INDEX "questions_open";--> statement-breakpoint
ALTER TABLE "questions" ADD COLUMN "listed" boolean DEFAULT true NOT NULL;--> statement-breakpoint
CREATE INDEX "questions_unlisted" ON "questions" USING btree ("last_at") WHERE "questions"."answered_at" is null and not "questions"."listed";--> statement-breakpoint
CREATE INDEX "questions_open" ON "questions" USING btree ("organization_id","last_at") WHERE "questions"."answered_at" is null and "questions"."listed";
