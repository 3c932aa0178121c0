ALTER TABLE "instance_addresses" ADD CONSTRAINT "instance_addresses_url" CHECK ("instance_addresses"."url" ~ '^https?://([a-z0-9_-]+([.][a-z0-9_-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9_.~!$&''()*+,\u003b=:@%-]+)*$' and length("instance_addresses"."url") <= 2048);--> statement-breakpoint
ALTER TABLE "instance_addresses" ADD CONSTRAINT "instance_addresses_identity_of_url" CHECK ("instance_addresses"."url_identity" = regexp_replace(regexp_replace("instance_addresses"."url", '^https?://(www[.])*', ''), '^([^/]*):(80|443)(/|$)', '\1\3'));--> statement-breakpoint
ALTER TABLE "organizations" ADD CONSTRAINT "organizations_slug_reserved" CHECK ("organizations"."slug" not in ('api', '_next', 'static', 'public', 'assets', 'images', 'fonts', 'favicon.ico', 'robots.txt', 'sitemap.xml', '.well-known', 'well-known', 'manifest.webmanifest', 'sw.js', 'health', 'ready', 'metrics', 'status', 'version', 'sign-in', 'signin', 'sign-out', 'signout', 'sign-up', 'signup', 'login', 'logout', 'register', 'auth', 'oauth', 'sso', 'session', 'sessions', 'callback', 'verify', 'invite', 'invitation', 'invitations', 'join', 'welcome', 'account', 'accounts', 'profile', 'settings', 'me', 'user', 'users', 'organization', 'organizations', 'org', 'new', 'create', 'edit', 'delete', 'staff', 'admin', 'root', 'system', 'console', 'vendor', 'latchkey', 'glpi', 'check', 'trial', 'trials', 'key', 'keys', 'instance', 'instances', 'catalog', 'product', 'products', 'plugins', 'marketplace', 'registration', 'checkout', 'payment', 'payments', 'billing', 'invoice', 'invoices', 'pricing', 'stripe', 'webhook', 'webhooks', 'download', 'downloads', 'search', 'export', 'lease', 'leases', 'offline', 'help', 'support', 'contact', 'docs', 'about', 'legal', 'privacy', 'terms', 'imprint', 'security', 'cookies', 'www', 'mail', 'home', 'index', 'error', '404', '500', 'not-found', 'null', 'undefined', 'en', 'fr', 'de', 'es', 'it', 'pt', 'nl', 'pl', 'cs', 'ar', 'ja', 'zh'));
--> statement-breakpoint
-- Facts of a key that another row tells of. What is new to this function: a newer key takes over from one like it. Not of
-- the same instance, since either may be moved.
create or replace function check_keys() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (
    select from issued k
      join terms t on t.organization_id = k.organization_id and t.id = k.term_id
      join subscriptions s on s.organization_id = t.organization_id and s.id = t.subscription_id
    where s.product_id <> k.product_id
  ) then
    raise exception 'a key is of its subscription''s product' using errcode = 'check_violation', constraint = 'keys_product';
  end if;
  -- When it is issued only: a product may become open source while its keys live.
  if exists (select from issued k join products p on p.id = k.product_id where p.open_source) then
    raise exception 'an open-source product needs no key' using errcode = 'check_violation', constraint = 'keys_open_source';
  end if;
  -- A trial's key has no term, and what it turns into has one.
  if exists (
    select from issued k
      join keys o on o.organization_id = k.organization_id and o.id = k.follows_id
      left join terms t on t.organization_id = k.organization_id and t.id = k.term_id
      left join terms f on f.organization_id = o.organization_id and f.id = o.term_id
    where o.product_id <> k.product_id or f.subscription_id <> t.subscription_id
  ) then
    raise exception 'a key takes over from one of its own product and subscription'
      using errcode = 'check_violation', constraint = 'keys_follows_alike';
  end if;
  return null;
end $$;
--> statement-breakpoint
-- A key is renewed at the moment at which the key that follows it was issued, and is no longer its term's own only where
-- that one is. Asked at the commit, since one of the two comes first.
create function check_renewed() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (
    select from keys k left join keys n on n.organization_id = k.organization_id and n.follows_id = k.id
    where k.organization_id = new.organization_id and k.id in (new.id, new.follows_id)
      and (k.renewed_at is distinct from n.issued_at
        or k.superseded_at is not null and k.term_id is distinct from n.term_id)
  ) then
    raise exception 'a key is renewed by the one that follows it' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger keys_followed after insert on keys
  deferrable initially deferred for each row when (new.follows_id is not null or new.renewed_at is not null)
  execute function check_renewed();
--> statement-breakpoint
create constraint trigger keys_renewed after update of renewed_at, superseded_at on keys
  deferrable initially deferred for each row
  when ((new.renewed_at, new.superseded_at) is distinct from (old.renewed_at, old.superseded_at))
  execute function check_renewed();
--> statement-breakpoint
create constraint trigger keys_past after update of issued_at, follows_id on keys
  for each row when ((new.issued_at, new.follows_id) is distinct from (old.issued_at, old.follows_id))
  execute function refuse_change();
--> statement-breakpoint
-- A key's end moves together with the extension that says from when, until when, who and why; and that row stays as it is.
create function check_extended() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not exists (
    select from extensions
    where organization_id = new.organization_id and key_id = new.id
      and from_expires_at = old.expires_at and to_expires_at = new.expires_at
  ) then
    raise exception 'a key''s end moves with an extension' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger keys_extended after update of expires_at on keys
  deferrable initially deferred for each row when (new.expires_at is distinct from old.expires_at)
  execute function check_extended();
--> statement-breakpoint
create function check_extends() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  -- Or to a later day yet, by another extension.
  if not exists (
    select from keys where organization_id = new.organization_id and id = new.key_id and expires_at >= new.to_expires_at
  ) then
    raise exception 'an extension moves its key''s end' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger extensions_extend after insert on extensions
  deferrable initially deferred for each row execute function check_extends();
--> statement-breakpoint
create constraint trigger extensions_past after update on extensions
  for each row execute function refuse_change();
--> statement-breakpoint
-- Somebody must be there who lets others in. The lock is the one that commands take (lib/organizations/role.ts): of two
-- owners who remove each other at once, the second waits here, and then sees.
create function check_owners() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform from organizations where id = old.organization_id for no key update;
  if not exists (select from memberships where organization_id = old.organization_id and role = 'owner') then
    raise exception 'an organization keeps an owner' using errcode = 'check_violation', constraint = tg_name;
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger memberships_last_owner after delete or update of organization_id, role on memberships
  deferrable initially deferred for each row when (old.role = 'owner') execute function check_owners();
