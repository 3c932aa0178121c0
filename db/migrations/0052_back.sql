ALTER TYPE "public"."payment_question_kind" ADD VALUE 'paid_late';--> statement-breakpoint
ALTER TYPE "public"."payment_question_kind" ADD VALUE 'paid_twice';--> statement-breakpoint
CREATE TABLE "offline_file_closings" (
	"organization_id" uuid NOT NULL,
	"file_id" uuid NOT NULL,
	"closed_at" timestamp with time zone NOT NULL,
	"closed_by_id" uuid,
	CONSTRAINT "offline_file_closings_organization_id_file_id_closed_at_pk" PRIMARY KEY("organization_id","file_id","closed_at")
);
--> statement-breakpoint
ALTER TABLE "offline_file_closings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "checkout_lines" DROP CONSTRAINT "checkout_lines_product_id_products_id_fk";
--> statement-breakpoint
ALTER TABLE "checkout_lines" DROP CONSTRAINT "checkout_lines_price_id_prices_id_fk";
--> statement-breakpoint
ALTER TABLE "invoices" ADD COLUMN "reverse_charge" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "checkouts" ADD COLUMN "late_after" "checkout_end";--> statement-breakpoint
ALTER TABLE "offline_file_closings" ADD CONSTRAINT "offline_file_closings_closed_by_id_people_id_fk" FOREIGN KEY ("closed_by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "offline_file_closings" ADD CONSTRAINT "offline_file_closings_file_fk" FOREIGN KEY ("organization_id","file_id") REFERENCES "public"."offline_files"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "prices" ADD CONSTRAINT "prices_product" UNIQUE("id","product_id");--> statement-breakpoint
ALTER TABLE "checkout_lines" ADD CONSTRAINT "checkout_lines_price_fk" FOREIGN KEY ("price_id","product_id") REFERENCES "public"."prices"("id","product_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_late" CHECK ("checkouts"."late_after" is null or ("checkouts"."ended" is not distinct from 'paid' and "checkouts"."late_after" <> 'paid'));--> statement-breakpoint
CREATE POLICY "organization_reads" ON "offline_file_closings" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "offline_file_closings"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "offline_file_closings" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("offline_file_closings"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "offline_file_closings" AS PERMISSIVE FOR UPDATE TO public USING ("offline_file_closings"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("offline_file_closings"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "offline_file_closings" AS PERMISSIVE FOR DELETE TO public USING ("offline_file_closings"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');