ALTER TABLE "instances" DROP CONSTRAINT "instances_label";--> statement-breakpoint
ALTER TABLE "keys" DROP CONSTRAINT "keys_replaced";--> statement-breakpoint
ALTER TABLE "organizations" DROP CONSTRAINT "organizations_name";--> statement-breakpoint
ALTER TABLE "sign_ins" DROP CONSTRAINT "sign_ins_span";--> statement-breakpoint
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_person_known" CHECK ("audit_entries"."actor" not in ('member', 'staff') or "audit_entries"."person_id" is not null);--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_label" CHECK (length("instances"."label") between 1 and 200 and "instances"."label" ~ '[^[:space:]]');--> statement-breakpoint
ALTER TABLE "extensions" ADD CONSTRAINT "extensions_reason" CHECK ("extensions"."reason" ~ '[^[:space:]]');--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_first_seen" CHECK ("keys"."first_seen_at" >= "keys"."issued_at");--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_expires" CHECK ("keys"."expires_at" < 'infinity');--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_cipher" CHECK (octet_length("keys"."cipher") > 28);--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_replaced" CHECK ("keys"."replaced_at" is null or coalesce("keys"."replaced_at" >= "keys"."renewed_at", false));--> statement-breakpoint
ALTER TABLE "organizations" ADD CONSTRAINT "organizations_name" CHECK (length("organizations"."name") between 1 and 200 and "organizations"."name" ~ '[^[:space:]]');--> statement-breakpoint
ALTER TABLE "people" ADD CONSTRAINT "people_email" CHECK ("people"."email" ~ '^[^@[:space:]]+@[^@[:space:]]+$');--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_span" CHECK ("sessions"."expires" - "sessions"."created_at" between interval '0' and interval '721 hours');--> statement-breakpoint
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_used" CHECK ("sign_ins"."used_at" >= "sign_ins"."created_at");--> statement-breakpoint
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_hmacs" CHECK (octet_length("sign_ins"."code_hmac") = 32 and octet_length("sign_ins"."link_hmac") = 32);--> statement-breakpoint
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_span" CHECK ("sign_ins"."created_at" < "sign_ins"."expires_at" and "sign_ins"."expires_at" <= "sign_ins"."created_at" + interval '10 minutes');--> statement-breakpoint
ALTER TABLE "terms" ADD CONSTRAINT "terms_ordinal_counts" CHECK ("terms"."ordinal" >= 1);