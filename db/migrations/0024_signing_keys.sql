CREATE TABLE "key_sets" (
	"version" integer PRIMARY KEY NOT NULL,
	"signed" text NOT NULL,
	"root_kid" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "key_sets_version" CHECK ("key_sets"."version" >= 1),
	CONSTRAINT "key_sets_signed" CHECK ("key_sets"."signed" ~ '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]{86}$'),
	CONSTRAINT "key_sets_root_kid" CHECK ("key_sets"."root_kid" ~ '^root-[A-Za-z0-9_-]{16}$')
);
--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"public_key" "bytea" NOT NULL,
	"cipher" "bytea" NOT NULL,
	"ring_version" smallint NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"signs_from" timestamp with time zone,
	"stops_at" timestamp with time zone,
	"last_expires_at" timestamp with time zone,
	CONSTRAINT "signing_keys_kid" CHECK ("signing_keys"."kid" = translate(encode(substring(sha256(public_key) for 12), 'base64'), '+/', '-_')),
	CONSTRAINT "signing_keys_public_key" CHECK (octet_length("signing_keys"."public_key") = 32),
	CONSTRAINT "signing_keys_cipher" CHECK (octet_length("signing_keys"."cipher") > 28),
	CONSTRAINT "signing_keys_ring_version" CHECK ("signing_keys"."ring_version" >= 1),
	CONSTRAINT "signing_keys_signs" CHECK ("signing_keys"."signs_from" >= "signing_keys"."created_at"),
	CONSTRAINT "signing_keys_stops" CHECK ("signing_keys"."stops_at" is null or coalesce("signing_keys"."stops_at" > "signing_keys"."signs_from", false)),
	CONSTRAINT "signing_keys_last" CHECK (("signing_keys"."stops_at" is null) = ("signing_keys"."last_expires_at" is null)),
	CONSTRAINT "signing_keys_last_after" CHECK ("signing_keys"."last_expires_at" >= "signing_keys"."stops_at")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "signing_keys_waiting" ON "signing_keys" USING btree ((true)) WHERE "signing_keys"."signs_from" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "signing_keys_newest" ON "signing_keys" USING btree ((true)) WHERE "signing_keys"."signs_from" is not null and "signing_keys"."stops_at" is null;