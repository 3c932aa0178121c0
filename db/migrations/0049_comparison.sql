CREATE TYPE "public"."payment_difference_kind" AS ENUM('paid_without_term', 'term_without_payment', 'amount_differs', 'ends_early', 'event_stuck', 'silence', 'other_mode');--> statement-breakpoint
CREATE TABLE "payment_differences" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" "payment_difference_kind" NOT NULL,
	"subject" text NOT NULL,
	"checkout_id" uuid,
	"found_at" timestamp with time zone NOT NULL,
	"gone_at" timestamp with time zone,
	CONSTRAINT "payment_differences_span" CHECK ("payment_differences"."found_at" <= "payment_differences"."gone_at")
);
--> statement-breakpoint
CREATE TABLE "stripe_reconciliations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"ran_at" timestamp with time zone NOT NULL,
	"missed" integer NOT NULL,
	"settled" integer NOT NULL,
	CONSTRAINT "stripe_reconciliations_counts" CHECK ("stripe_reconciliations"."missed" >= 0 and "stripe_reconciliations"."settled" >= 0)
);
--> statement-breakpoint
ALTER TABLE "stripe_events" ADD COLUMN "missed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "payment_differences" ADD CONSTRAINT "payment_differences_checkout_id_checkouts_id_fk" FOREIGN KEY ("checkout_id") REFERENCES "public"."checkouts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "payment_differences_open" ON "payment_differences" USING btree ("kind","subject") WHERE "payment_differences"."gone_at" is null;--> statement-breakpoint
CREATE INDEX "stripe_reconciliations_ran" ON "stripe_reconciliations" USING btree ("ran_at");--> statement-breakpoint
CREATE INDEX "stripe_events_received" ON "stripe_events" USING btree ("received_at") WHERE not "stripe_events"."missed";