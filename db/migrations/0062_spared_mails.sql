CREATE TYPE "public"."mail_kind" AS ENUM('trials', 'not_in_glpi', 'requests');--> statement-breakpoint
ALTER TABLE "people" ADD COLUMN "muted_mails" "mail_kind"[] DEFAULT '{}' NOT NULL;