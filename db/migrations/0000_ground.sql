-- What the tables' own definitions lean on: the search indices, the exclusion constraint and the scope of a transaction.
create extension if not exists pg_trgm;
--> statement-breakpoint
create extension if not exists btree_gist;
--> statement-breakpoint
create function current_organization() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('latchkey.organization_id', true), '')::uuid;
--> statement-breakpoint
create function current_scope() returns text
  language sql stable parallel safe
  return coalesce(current_setting('latchkey.scope', true), '');
