-- A retired test copy could outlive its original's days in production.
select set_config('latchkey.scope', 'system', true);
--> statement-breakpoint
update instances c set test_of_id = null from instances o
  where o.organization_id = c.organization_id and o.id = c.test_of_id and o.environment = 'test';
--> statement-breakpoint
select set_config('latchkey.scope', '', true);
--> statement-breakpoint
ALTER TABLE "instances" DROP CONSTRAINT "instances_test_of_fk";
--> statement-breakpoint
ALTER TABLE "instances" ADD COLUMN "test_of_environment" "environment" GENERATED ALWAYS AS ('production'::environment) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_environment" UNIQUE("organization_id","id","environment");--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_test_of_fk" FOREIGN KEY ("organization_id","test_of_id","test_of_environment") REFERENCES "public"."instances"("organization_id","id","environment") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_glpi_span" CHECK ((string_to_array(substring("releases"."glpi_min" from '^v?([0-9]+(?:[.][0-9]+)*)'), '.')::numeric[])[1:cardinality(string_to_array(substring("releases"."glpi_max" from '^v?([0-9]+(?:[.][0-9]+)*)'), '.')::numeric[])] <= string_to_array(substring("releases"."glpi_max" from '^v?([0-9]+(?:[.][0-9]+)*)'), '.')::numeric[]);--> statement-breakpoint
ALTER TABLE "organizations" ADD CONSTRAINT "organizations_time_zone" CHECK ("organizations"."time_zone" ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z_-]+)+)$' and timestamptz 'epoch' at time zone "organizations"."time_zone" is not null);