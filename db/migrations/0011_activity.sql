ALTER TABLE "audit_entries" ADD COLUMN "kind" text GENERATED ALWAYS AS (case split_part(action, '.', 1)
      when 'key' then 'key' when 'instance' then 'instance' when 'address' then 'instance'
      when 'subscription' then 'subscription' when 'trial' then 'subscription'
      when 'member' then 'member' when 'invitation' then 'member' else 'other' end) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_entries" ADD COLUMN "refused" boolean GENERATED ALWAYS AS (outcome = 'refused') STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_entries" ADD COLUMN "by_vendor" boolean GENERATED ALWAYS AS (actor in ('staff', 'system')) STORED NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_entries_at" ON "audit_entries" USING btree ("organization_id","at");--> statement-breakpoint
CREATE INDEX "audit_entries_kind" ON "audit_entries" USING btree ("organization_id","kind","refused","sequence");--> statement-breakpoint
CREATE INDEX "audit_entries_person" ON "audit_entries" USING btree ("organization_id","person_id","kind","refused","sequence");--> statement-breakpoint
CREATE INDEX "audit_entries_vendor" ON "audit_entries" USING btree ("organization_id","kind","refused","sequence") WHERE by_vendor;