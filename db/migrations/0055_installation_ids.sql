-- Only what is longer, or not printable, than what the API has taken since there is one; the version before writes none such.
ALTER TABLE "activations" DROP CONSTRAINT "activations_installation_id";--> statement-breakpoint
ALTER TABLE "questions" DROP CONSTRAINT "questions_installation_id";--> statement-breakpoint
ALTER TABLE "instances" DROP CONSTRAINT "instances_installation_id";--> statement-breakpoint
ALTER TABLE "activations" ADD CONSTRAINT "activations_installation_id" CHECK ("activations"."installation_id" ~ '^[!-~]{1,100}$') NOT VALID;--> statement-breakpoint
ALTER TABLE "checks" ADD CONSTRAINT "checks_installation_id" CHECK ("checks"."installation_id" ~ '^[!-~]{1,100}$') NOT VALID;--> statement-breakpoint
ALTER TABLE "questions" ADD CONSTRAINT "questions_installation_id" CHECK ("questions"."installation_id" ~ '^[!-~]{1,100}$') NOT VALID;--> statement-breakpoint
ALTER TABLE "sightings" ADD CONSTRAINT "sightings_installation_id" CHECK ("sightings"."installation_id" ~ '^[!-~]{1,100}$') NOT VALID;--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_installation_id" CHECK ("instances"."installation_id" ~ '^[!-~]{1,100}$') NOT VALID;--> statement-breakpoint
ALTER TABLE "offline_files" ADD CONSTRAINT "offline_files_installation_id" CHECK ("offline_files"."installation_id" ~ '^[!-~]{1,100}$') NOT VALID;--> statement-breakpoint
-- A row by somebody's hand must not stop a deployment: it stays, is told, and the rule holds for what is written from now on.
DO $$
DECLARE
  of_table text;
BEGIN
  FOREACH of_table IN ARRAY array['activations', 'checks', 'questions', 'sightings', 'instances', 'offline_files'] LOOP
    BEGIN
      EXECUTE format('ALTER TABLE %I VALIDATE CONSTRAINT %I', of_table, of_table || '_installation_id');
    EXCEPTION WHEN check_violation THEN
      RAISE WARNING '% has installation IDs that the API would refuse: shorten them, and validate %_installation_id',
        of_table, of_table;
    END;
  END LOOP;
END $$;
