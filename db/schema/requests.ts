import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  pgEnum,
  pgTable,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { products } from './catalog'
import { id, instant, isWritten, organizationPolicy } from './columns'
import { instances } from './instances'
import { keys } from './keys'
import { organizations } from './organizations'
import { people } from './people'

/**
 * `join`: to become a member. `trial`: one that somebody is to look at before it begins. `second_trial`: of a product that was
 * tried. `trial_time`: more days of one.
 */
export const requestKind = pgEnum('request_kind', ['join', 'trial', 'second_trial', 'trial_time'])

/**
 * Why a trial waits, for the account manager alone to know. `known_elsewhere`: its GLPI is known to another organization, by its
 * address or its installation ID. `many_from_network`: many were begun from there on one day.
 */
export const trialDoubt = pgEnum('trial_doubt', ['known_elsewhere', 'many_from_network'])

/** What somebody asks the account manager, or of joining the owners, to decide. How it stands, its answers say. */
export const requests = pgTable(
  'requests',
  {
    id: id(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    kind: requestKind().notNull(),
    askedById: uuid()
      .notNull()
      .references(() => people.id),
    askedAt: instant().notNull(),
    reason: text(),
    /** Of `trial_time`: the trial's; of `join`: the one that they have shown, where they have. */
    keyId: uuid(),
    /** Of `trial` and `second_trial`. */
    productId: uuid().references(() => products.id),
    /** Where it is to be tried; null: in the whole organization. */
    instanceId: uuid(),
    /** Of `trial`. */
    doubt: trialDoubt(),
    /** Of `join`: until then the owners alone decide. */
    ownersUntil: instant(),
    /** Set together with the answer that ends it. */
    closedAt: instant(),
  },
  (t) => [
    unique('requests_organization').on(t.organizationId, t.id),
    foreignKey({
      name: 'requests_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    foreignKey({
      name: 'requests_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    // Of what is asked about, one is open at a time.
    uniqueIndex('requests_open')
      .on(
        t.organizationId,
        t.kind,
        sql`(case when ${t.kind} = 'join' then ${t.askedById} else coalesce(${t.keyId}, ${t.productId}) end)`,
      )
      .where(sql`${t.closedAt} is null`),
    index('requests_asked_by').on(t.askedById),
    index('requests_queue').on(t.askedAt, t.id).where(sql`${t.closedAt} is null`),
    check('requests_key', sql`${t.kind} = 'join' or (${t.kind} = 'trial_time') = (${t.keyId} is not null)`),
    check('requests_owners', sql`(${t.kind} = 'join') = (${t.ownersUntil} is not null)`),
    check('requests_product', sql`(${t.kind} in ('trial', 'second_trial')) = (${t.productId} is not null)`),
    check('requests_instance', sql`${t.instanceId} is null or ${t.productId} is not null`),
    check('requests_doubt', sql`${t.doubt} is null or ${t.kind} = 'trial'`),
    check('requests_reason', isWritten(t.reason)),
    check('requests_span', sql`${t.askedAt} <= ${t.closedAt}`),
    ...organizationPolicy(t.organizationId),
  ],
)

/** `asked_back`: more is to be known first, which `replied` tells. The others end it. */
export const requestAnswer = pgEnum('request_answer', [
  'approved',
  'declined',
  'asked_back',
  'replied',
  'withdrawn',
])

/** What was said of a request, by whom and when: never changed. */
export const requestAnswers = pgTable(
  'request_answers',
  {
    id: id(),
    organizationId: uuid().notNull(),
    requestId: uuid().notNull(),
    answer: requestAnswer().notNull(),
    note: text(),
    givenById: uuid()
      .notNull()
      .references(() => people.id),
    givenAt: instant().notNull(),
  },
  (t) => [
    foreignKey({
      name: 'request_answers_request_fk',
      columns: [t.organizationId, t.requestId],
      foreignColumns: [requests.organizationId, requests.id],
    }),
    index('request_answers_request').on(t.organizationId, t.requestId, t.givenAt, t.id),
    // It ends once.
    uniqueIndex('request_answers_end')
      .on(t.organizationId, t.requestId)
      .where(sql`${t.answer} in ('approved', 'declined', 'withdrawn')`),
    check('request_answers_note', isWritten(t.note)),
    check('request_answers_says', sql`${t.answer} in ('approved', 'withdrawn') or ${t.note} is not null`),
    ...organizationPolicy(t.organizationId),
  ],
)
