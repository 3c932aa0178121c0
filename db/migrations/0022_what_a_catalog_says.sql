ALTER TABLE "releases" DROP CONSTRAINT "releases_version_said";--> statement-breakpoint
ALTER TABLE "suite_products" DROP CONSTRAINT "suite_products_other";--> statement-breakpoint
ALTER TABLE "suite_products" DROP CONSTRAINT "suite_products_suite_id_products_id_fk";
--> statement-breakpoint
ALTER TABLE "suite_products" DROP CONSTRAINT "suite_products_product_id_products_id_fk";
--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "is_suite" boolean GENERATED ALWAYS AS (kind = 'suite') STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_is_suite" UNIQUE("id","is_suite");--> statement-breakpoint
-- A catalog could make a suite of what a suite of an earlier one contains.
delete from suite_products s
  where exists (select from products p where p.id = s.suite_id and p.kind <> 'suite')
    or exists (select from products p where p.id = s.product_id and p.kind = 'suite');
--> statement-breakpoint
ALTER TABLE "suite_products" ADD COLUMN "is_of_suite" boolean GENERATED ALWAYS AS (true) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "suite_products" ADD COLUMN "contains_suite" boolean GENERATED ALWAYS AS (false) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "suite_products" ADD CONSTRAINT "suite_products_suite_fk" FOREIGN KEY ("suite_id","is_of_suite") REFERENCES "public"."products"("id","is_suite") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "suite_products" ADD CONSTRAINT "suite_products_product_fk" FOREIGN KEY ("product_id","contains_suite") REFERENCES "public"."products"("id","is_suite") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_versions" CHECK ("releases"."version" ~* '^v?[0-9]+([.][0-9]+)*([-.]?[a-z]+[-.]?[0-9]*)?$' and "releases"."glpi_min" ~* '^v?[0-9]+([.][0-9]+)*([-.]?[a-z]+[-.]?[0-9]*)?$' and "releases"."glpi_max" ~* '^v?[0-9]+([.][0-9]+)*([-.]?[a-z]+[-.]?[0-9]*)?$');
--> statement-breakpoint
-- As long as its product is tried, and an hour more where clocks are set back meanwhile. When it is issued only: an extension
-- moves the end, and a key that follows a trial's carries it on.
create function check_trials() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (
    select from issued k join products p on p.id = k.product_id
    where k.kind = 'trial' and k.follows_id is null
      and k.expires_at > k.starts_at + make_interval(hours => 24 * (p.trial_days + 1) + 1)
  ) then
    raise exception 'a trial is as long as its product says' using errcode = 'check_violation', constraint = 'keys_trial_days';
  end if;
  return null;
end $$;
--> statement-breakpoint
create trigger keys_trial_days after insert on keys
  referencing new table as issued for each statement execute function check_trials();
