ALTER TABLE "instance_addresses" ADD CONSTRAINT "instance_addresses_span" CHECK ("instance_addresses"."created_at" <= "instance_addresses"."retired_at");--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_span" CHECK ("instances"."created_at" <= "instances"."retired_at");--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_follows_another" CHECK ("keys"."follows_id" <> "keys"."id");--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_issued" CHECK ("keys"."issued_at" < "keys"."expires_at");--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_superseded" CHECK ("keys"."superseded_at" is null or "keys"."renewed_at" is not null);--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_ring_version" CHECK ("keys"."ring_version" >= 1);--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_fingerprint" CHECK (octet_length("keys"."fingerprint") = 32);--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_last_four" CHECK (length("keys"."last_four") = 4);--> statement-breakpoint
ALTER TABLE "revocations" ADD CONSTRAINT "revocations_span" CHECK ("revocations"."revoked_at" <= "revocations"."restored_at");