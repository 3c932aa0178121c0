-- Whoever was given a zone that is none, by other hands than the portal's, saw no page since.
update people set time_zone = default
  where time_zone !~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z_-]+)+)$' or time_zone not in (select name from pg_timezone_names);
--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_name" CHECK ("products"."name" ~ '[^[:space:]]');--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_version_said" CHECK ("releases"."version" ~ '[^[:space:]]');--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_installation_id" CHECK ("instances"."installation_id" ~ '[^[:space:]]');--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_starts" CHECK ("keys"."starts_at" >= "keys"."issued_at");--> statement-breakpoint
ALTER TABLE "known_browsers" ADD CONSTRAINT "known_browsers_hash" CHECK (octet_length("known_browsers"."browser_hash") = 32);--> statement-breakpoint
ALTER TABLE "people" ADD CONSTRAINT "people_time_zone" CHECK ("people"."time_zone" ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z_-]+)+)$' and timestamptz 'epoch' at time zone "people"."time_zone" is not null);--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_used" CHECK ("sessions"."last_used_at" >= "sessions"."created_at");--> statement-breakpoint
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_browser_hash" CHECK (octet_length("sign_ins"."browser_hash") = 32);
--> statement-breakpoint
-- What is sold term by term. When it is started only: a product may become open source while its subscriptions go on.
create function check_subscriptions() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (
    select from started s join products p on p.id = s.product_id where p.open_source or p.key_kind <> 'subscription'
  ) then
    raise exception 'a subscription is to a product whose keys belong to terms'
      using errcode = 'check_violation', constraint = 'subscriptions_sold';
  end if;
  return null;
end $$;
--> statement-breakpoint
create trigger subscriptions_sold after insert on subscriptions
  referencing new table as started for each statement execute function check_subscriptions();
