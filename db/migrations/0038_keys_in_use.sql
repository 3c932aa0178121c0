ALTER TABLE "audit_entries" drop column "kind";--> statement-breakpoint
ALTER TABLE "audit_entries" ADD COLUMN "kind" text GENERATED ALWAYS AS (case split_part(action, '.', 1)
      when 'key' then 'key' when 'activation' then 'key' when 'installation' then 'key'
      when 'question' then 'key' when 'offline_file' then 'key' when 'archive' then 'key'
      when 'instance' then 'instance' when 'address' then 'instance'
      when 'subscription' then 'subscription' when 'trial' then 'subscription'
      when 'member' then 'member' when 'invitation' then 'member' else 'other' end) STORED NOT NULL;--> statement-breakpoint
-- They went with the column.
CREATE INDEX "audit_entries_kind" ON "audit_entries" USING btree ("organization_id","kind","refused","sequence");--> statement-breakpoint
CREATE INDEX "audit_entries_person" ON "audit_entries" USING btree ("organization_id","person_id","kind","refused","sequence");--> statement-breakpoint
CREATE INDEX "audit_entries_vendor" ON "audit_entries" USING btree ("organization_id","kind","refused","sequence") WHERE by_vendor;
