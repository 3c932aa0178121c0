CREATE TABLE "handovers" (
	"organization_id" uuid NOT NULL,
	"activation_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"handed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "handovers_organization_id_activation_id_key_id_pk" PRIMARY KEY("organization_id","activation_id","key_id")
);
--> statement-breakpoint
ALTER TABLE "handovers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sealed_keys" (
	"organization_id" uuid NOT NULL,
	"under_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"cipher" "bytea" NOT NULL,
	"sealed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "sealed_keys_organization_id_under_id_key_id_pk" PRIMARY KEY("organization_id","under_id","key_id"),
	CONSTRAINT "sealed_keys_another" CHECK ("sealed_keys"."under_id" <> "sealed_keys"."key_id"),
	CONSTRAINT "sealed_keys_cipher" CHECK (octet_length("sealed_keys"."cipher") > 28)
);
--> statement-breakpoint
ALTER TABLE "sealed_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "activations" ADD COLUMN "proved_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "hands_over" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "handovers" ADD CONSTRAINT "handovers_activation_fk" FOREIGN KEY ("organization_id","activation_id") REFERENCES "public"."activations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "handovers" ADD CONSTRAINT "handovers_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sealed_keys" ADD CONSTRAINT "sealed_keys_under_fk" FOREIGN KEY ("organization_id","under_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sealed_keys" ADD CONSTRAINT "sealed_keys_key_fk" FOREIGN KEY ("organization_id","key_id") REFERENCES "public"."keys"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "handovers_key" ON "handovers" USING btree ("organization_id","key_id");--> statement-breakpoint
CREATE INDEX "sealed_keys_key" ON "sealed_keys" USING btree ("organization_id","key_id");--> statement-breakpoint
CREATE POLICY "organization_reads" ON "handovers" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "handovers"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "handovers" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("handovers"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "handovers" AS PERMISSIVE FOR UPDATE TO public USING ("handovers"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("handovers"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "handovers" AS PERMISSIVE FOR DELETE TO public USING ("handovers"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_reads" ON "handovers" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
CREATE POLICY "definer_adds" ON "handovers" AS PERMISSIVE FOR INSERT TO "latchkey_definer" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organization_reads" ON "sealed_keys" AS PERMISSIVE FOR SELECT TO public USING (case when (select current_scope()) in ('staff', 'system') then true else "sealed_keys"."organization_id" = (select current_organization()) end);--> statement-breakpoint
CREATE POLICY "organization_adds" ON "sealed_keys" AS PERMISSIVE FOR INSERT TO public WITH CHECK ("sealed_keys"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_changes" ON "sealed_keys" AS PERMISSIVE FOR UPDATE TO public USING ("sealed_keys"."organization_id" = (select current_organization()) or (select current_scope()) = 'system') WITH CHECK ("sealed_keys"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "organization_removes" ON "sealed_keys" AS PERMISSIVE FOR DELETE TO public USING ("sealed_keys"."organization_id" = (select current_organization()) or (select current_scope()) = 'system');--> statement-breakpoint
CREATE POLICY "definer_reads" ON "sealed_keys" AS PERMISSIVE FOR SELECT TO "latchkey_definer" USING (true);--> statement-breakpoint
-- As before (0044), and notes that the caller has shown its secret.
create function refresh_activation(activation uuid, of_key uuid, named uuid, given uuid, ends timestamptz,
    at timestamptz, of_product text, proved boolean)
  returns boolean
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  with before as (
    select a.id, (a.leases -> of_product ->> 0)::uuid as last, (a.leases -> of_product ->> 1)::uuid as previous
    from activations a
    where a.id = activation and a.key_id = of_key and a.given_back_at is null
      and (of_product = '' or exists (select from products p where p.reference = of_product))
    for no key update
  ), after as (
    update activations a set refreshed_at = greatest(a.refreshed_at, believed(at)),
      lease_ends_at = greatest(a.lease_ends_at, ends),
      proved_at = case when proved then greatest(a.proved_at, believed(at)) else a.proved_at end,
      leases = a.leases || jsonb_build_object(of_product,
        jsonb_build_array(given, case when named = b.previous then b.previous else b.last end))
    from before b where a.id = b.id
  )
  select (named <> b.last) is true and named is distinct from b.previous from before b
$$;
--> statement-breakpoint
-- Which the version before asks.
create or replace function refresh_activation(activation uuid, of_key uuid, named uuid, given uuid, ends timestamptz,
    at timestamptz, of_product text default '')
  returns boolean
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  select refresh_activation(activation, of_key, named, given, ends, at, of_product, false)
$$;
--> statement-breakpoint
-- The key that an activation is given in place of its own, sealed under its own, and a note that it was. Of a key that works
-- the next one: whoever missed two renewals goes from term to term, and each of them is seen in use. Of one whose money went
-- back the newest that works, which may be an earlier one. None that is moved elsewhere, which would be refused there.
create function hand_over(activation uuid, of_key uuid, is_paid boolean, at timestamptz)
  returns table (key_id uuid, sealed bytea)
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  with found as (
    select a.organization_id, a.id as activation_id, n.id, s.cipher
    from activations a
      join keys k on k.organization_id = a.organization_id and k.id = a.key_id
      join sealed_keys s on s.organization_id = a.organization_id and s.under_id = a.key_id
      join keys n on n.organization_id = s.organization_id and n.id = s.key_id
    where a.id = activation and a.key_id = of_key and a.given_back_at is null
      and n.instance_id is not distinct from k.instance_id
      and n.starts_at <= at and n.expires_at > at and n.superseded_at is null and n.refunded_at is null
      and (not is_paid or (n.issued_at, n.id) > (k.issued_at, k.id))
      and not exists (select from revocations r
        where r.organization_id = n.organization_id and r.key_id = n.id and r.restored_at is null)
    order by case when is_paid then n.issued_at end, n.issued_at desc, n.id desc
    limit 1
  ), noted as (
    insert into handovers (organization_id, activation_id, key_id, handed_at)
    select f.organization_id, f.activation_id, f.id, believed(at) from found f
    on conflict do nothing
  )
  select f.id, f.cipher from found f
$$;
