import { sql } from 'drizzle-orm'
import { check, foreignKey, index, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { products } from './catalog'
import { bytes, id, instant, isTimeZone, isWritten, organizationPolicy } from './columns'
import { keys } from './keys'
import { organizations } from './organizations'
import { language, people } from './people'
import { requests, trialDoubt } from './requests'

/**
 * What became of a sign-up once its address was confirmed. `staff`: it was one of the vendor's. `member`: they belong to an
 * organization already. `joins`: their domain belongs to one, which they may ask to join. `own`: they got one of their own.
 */
export const signUpOutcome = pgEnum('sign_up_outcome', ['staff', 'member', 'joins', 'own'])

/**
 * A trial that a stranger asked for. Nothing follows from it until the address is confirmed. Who it was is forgotten of those
 * that never were; that it was, stays.
 */
export const trialSignUps = pgTable(
  'trial_sign_ups',
  {
    id: id(),
    productId: uuid()
      .notNull()
      .references(() => products.id),
    email: text(),
    organizationName: text(),
    /** As `parseInstanceUrl` gives it; null also for a product that is the whole organization's. */
    url: text(),
    /** HMAC-SHA-256 of the network that it came from. */
    network: bytes(),
    language: language().notNull(),
    /** The browser's, where it said one. */
    timeZone: text(),
    createdAt: instant().notNull(),
    /** Until then the address can be confirmed. */
    expiresAt: instant().notNull(),
    confirmedAt: instant(),
    personId: uuid().references(() => people.id),
    outcome: signUpOutcome(),
    organizationId: uuid().references(() => organizations.id),
    /** Why its trial is not to begin at once, as far as that was known when it was decided. */
    doubt: trialDoubt(),
    /** Of one's own organization: when its instance was added and its trial begun, or asked for. */
    begunAt: instant(),
    keyId: uuid(),
    requestId: uuid(),
  },
  (t) => [
    foreignKey({
      name: 'trial_sign_ups_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    foreignKey({
      name: 'trial_sign_ups_request_fk',
      columns: [t.organizationId, t.requestId],
      foreignColumns: [requests.organizationId, requests.id],
    }),
    index('trial_sign_ups_created').on(t.createdAt),
    index('trial_sign_ups_network').on(t.network, t.confirmedAt),
    index('trial_sign_ups_person').on(t.personId),
    index('trial_sign_ups_organization').on(t.organizationId, t.productId, t.createdAt),
    check('trial_sign_ups_email', sql`${t.email} = lower(${t.email})`),
    check(
      'trial_sign_ups_name',
      sql`length(${t.organizationName}) between 1 and 200 and ${isWritten(t.organizationName)}`,
    ),
    check('trial_sign_ups_network_hmac', sql`octet_length(${t.network}) = 32`),
    // What `isTimeZone` asks of no zone at all is not unknown but false.
    check('trial_sign_ups_time_zone', sql`${t.timeZone} is null or ${isTimeZone(t.timeZone)}`),
    check('trial_sign_ups_span', sql`${t.createdAt} < ${t.expiresAt} and ${t.createdAt} <= ${t.confirmedAt}`),
    check('trial_sign_ups_confirmed', sql`(${t.confirmedAt} is null) = (${t.personId} is null)`),
    check('trial_sign_ups_outcome', sql`${t.outcome} is null or ${t.confirmedAt} is not null`),
    check(
      'trial_sign_ups_organization',
      sql`(${t.organizationId} is not null) = (${t.outcome} is not null and ${t.outcome} <> 'staff')`,
    ),
    check('trial_sign_ups_doubt', sql`${t.doubt} is null or ${t.outcome} = 'own'`),
    check('trial_sign_ups_begun', sql`${t.begunAt} is null or ${t.outcome} = 'own'`),
    check('trial_sign_ups_key', sql`${t.keyId} is null or ${t.begunAt} is not null`),
    check(
      'trial_sign_ups_request',
      sql`${t.requestId} is null or ${t.begunAt} is not null or ${t.outcome} = 'joins'`,
    ),
    ...organizationPolicy(t.organizationId),
  ],
)
