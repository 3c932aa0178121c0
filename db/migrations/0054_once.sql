-- Staff are asked about these by payment_questions alone.
DELETE FROM "payment_differences" WHERE "kind" IN ('paid_after_end', 'paid_twice');--> statement-breakpoint
ALTER TABLE "payment_differences" ALTER COLUMN "kind" SET DATA TYPE text;--> statement-breakpoint
DROP TYPE "public"."payment_difference_kind";--> statement-breakpoint
CREATE TYPE "public"."payment_difference_kind" AS ENUM('paid_without_term', 'term_without_payment', 'amount_differs', 'ends_early', 'event_stuck', 'silence', 'other_mode', 'charges_otherwise', 'renews_without_ours', 'renews_without_theirs');--> statement-breakpoint
ALTER TABLE "payment_differences" ALTER COLUMN "kind" SET DATA TYPE "public"."payment_difference_kind" USING "kind"::"public"."payment_difference_kind";