CREATE TABLE "trial_visits" (
	"day" date NOT NULL,
	"product_id" uuid,
	"count" integer NOT NULL,
	CONSTRAINT "trial_visits_day" UNIQUE NULLS NOT DISTINCT("day","product_id"),
	CONSTRAINT "trial_visits_count" CHECK ("trial_visits"."count" >= 1)
);
--> statement-breakpoint
ALTER TABLE "trial_visits" ADD CONSTRAINT "trial_visits_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;