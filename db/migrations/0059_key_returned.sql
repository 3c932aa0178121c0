ALTER TYPE "public"."automatic_end" ADD VALUE 'disputed' BEFORE 'not_charged';--> statement-breakpoint
ALTER TYPE "public"."checkout_end" ADD VALUE 'revoked';