ALTER TABLE "sightings" ADD COLUMN "followed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "activations_latest" ON "activations" USING btree ("organization_id","key_id","installation_id","created_at");--> statement-breakpoint
CREATE INDEX "sightings_quiet" ON "sightings" USING btree ("organization_id","last_at") WHERE not "sightings"."followed";--> statement-breakpoint
select set_config('latchkey.scope', 'system', true);
--> statement-breakpoint
update sightings s set followed = true from keys k
  where k.organization_id = s.organization_id and k.id = s.key_id and k.replaced_at is not null;
--> statement-breakpoint
select set_config('latchkey.scope', '', true);
--> statement-breakpoint
create function note_followed() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  update sightings s set followed = true from keys k
    where k.organization_id = new.organization_id and k.id = new.key_id
      and s.organization_id = k.organization_id and s.key_id = k.follows_id and not s.followed;
  return null;
end $$;
--> statement-breakpoint
create trigger sightings_followed after insert on sightings
  for each row execute function note_followed();
