ALTER TABLE "check_days" DROP CONSTRAINT "check_days_organization_id_key_id_day_asked_code_pk";--> statement-breakpoint
ALTER TABLE "check_days" ADD COLUMN "instance_id" uuid;--> statement-breakpoint
ALTER TABLE "check_days" ADD CONSTRAINT "check_days_instance_fk" FOREIGN KEY ("organization_id","instance_id") REFERENCES "public"."instances"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "check_days_instance" ON "check_days" USING btree ("organization_id","instance_id","day");--> statement-breakpoint
ALTER TABLE "check_days" ADD CONSTRAINT "check_days_once" UNIQUE NULLS NOT DISTINCT("organization_id","key_id","instance_id","day","asked","code");