import { randomBytes } from 'node:crypto'
import { and, asc, count, eq, gt, isNotNull, lte, ne, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import { memberships, organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { trialSignUps } from '@/db/schema/trials'
import type { SystemTx } from '@/db/scope'
import { appendAudit } from '@/lib/audit/append'
import { vendorCommand } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { maxSlugLength, slugify } from '@/lib/organizations/slug'
import { worksForVendor } from '@/lib/organizations/vendor'
import { ownDomain } from './mail-domain'
import { networkDoubt, signUpOutcome } from './rules'

/**
 * Decides where a confirmed sign-up leads, and makes an organization with its owner where it leads to one of their own. Once: asked
 * again, it says how it was decided. Two of one person, and two of one domain, come one after the other.
 * @throws NotFound; Refused `sign_up_unconfirmed`
 */
export const decideSignUp = vendorCommand(
  'trial.decide_sign_up',
  z.object({ signUpId: z.uuid('not_found') }),
  async ({ tx, now, audit, unchanged }, { signUpId }) => {
    const ofSignUp = eq(trialSignUps.id, signUpId)
    const [signUp] = await tx.select().from(trialSignUps).where(ofSignUp).for('update')
    if (!signUp) throw new NotFound('sign_up')
    const { personId, organizationName, language } = signUp
    if (!personId || !signUp.confirmedAt) throw new Refused('sign_up_unconfirmed')
    if (signUp.outcome) {
      unchanged()
      return { outcome: signUp.outcome, organizationId: signUp.organizationId, personId }
    }
    const facts = await factsOf(tx, personId)
    const { outcome, organizationId: known } = signUpOutcome(facts)
    const own = { name: organizationName ?? facts.email, timeZone: signUp.timeZone ?? facts.timeZone }
    const made = outcome === 'own' ? await makeOwn(tx, { ...own, personId, email: facts.email, now }) : null
    const organizationId = made?.id ?? known
    const doubt = made ? networkDoubt(await earlierOfNetwork(tx, signUp)) : null
    await tx.update(trialSignUps).set({ outcome, organizationId, doubt }).where(ofSignUp)
    audit({ details: { signUp: signUpId, outcome, language, ...(made && { slug: made.slug }) } })
    return { outcome, organizationId, personId }
  },
)

async function factsOf(tx: SystemTx, personId: string) {
  const isStaff = await worksForVendor(tx, personId)
  const [person] = await tx.select().from(people).where(eq(people.id, personId)).for('no key update')
  if (!person) throw new NotFound('person')
  const [membership] = await tx
    .select({ organizationId: memberships.organizationId })
    .from(memberships)
    .where(eq(memberships.personId, personId))
    .orderBy(asc(memberships.createdAt))
    .limit(1)
  const { email, timeZone } = person
  const domain = ownDomain(email)
  return {
    ...{ email, timeZone, worksForVendor: isStaff, memberOf: membership?.organizationId ?? null },
    ofDomain: domain && (await organizationOf(tx, domain)),
  }
}

/** The organization that a domain belongs to: the first with an owner whose address there is confirmed. */
async function organizationOf(tx: SystemTx, domain: string): Promise<string | null> {
  // Of two who are the first of their domain, the second finds what the first one got.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`domain ${domain}`}, 0))`)
  const host = sql`split_part(${people.email}, '@', 2)`
  const [found] = await tx
    .select({ id: organizations.id })
    .from(people)
    .innerJoin(memberships, eq(memberships.personId, people.id))
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .where(
      and(
        eq(memberships.role, 'owner'),
        isNotNull(people.emailVerified),
        or(sql`${host} = ${domain}`, sql`right(${host}, ${domain.length + 1}) = ${`.${domain}`}`),
      ),
    )
    .orderBy(asc(organizations.createdAt), asc(organizations.id))
    .limit(1)
  return found?.id ?? null
}

const dayMilliseconds = 86_400_000

/** Counted by when they were confirmed, so that the same ones wait in whatever order they are decided. */
async function earlierOfNetwork(
  tx: SystemTx,
  { id, network, confirmedAt }: typeof trialSignUps.$inferSelect,
) {
  if (!network || !confirmedAt) return 0
  const [row] = await tx
    .select({ earlier: count() })
    .from(trialSignUps)
    .where(
      and(
        eq(trialSignUps.network, network),
        ne(trialSignUps.id, id),
        lte(trialSignUps.confirmedAt, confirmedAt),
        gt(trialSignUps.confirmedAt, new Date(confirmedAt.getTime() - dayMilliseconds)),
      ),
    )
  return row?.earlier ?? 0
}

interface Own {
  name: string
  timeZone: string
  personId: string
  email: string
  now: Date
}

async function makeOwn(tx: SystemTx, { name, timeZone, personId, email, now }: Own) {
  const id = newId(now)
  const slug = await freeSlug(name, async (candidate) => {
    const made = { id, slug: candidate, name, timeZone, createdAt: now }
    return (await tx.insert(organizations).values(made).onConflictDoNothing().returning()).length > 0
  })
  const role = 'owner' as const
  await tx.insert(memberships).values({ organizationId: id, personId, role, createdAt: now })
  await appendAudit(tx, { organizationId: id, actor: 'system', personId: null, at: now }, [
    { action: 'member.add', outcome: 'done', details: { name: email, role } },
  ])
  return { id, slug }
}

/** The name's own where it is free, else with a few letters by chance. */
async function freeSlug(name: string, take: (slug: string) => Promise<boolean>): Promise<string> {
  const suffix = () => randomBytes(3).toString('hex')
  const plain = slugify(name, suffix())
  if (await take(plain)) return plain
  for (;;) {
    const longer = `${plain.slice(0, maxSlugLength - 7).replace(/-$/, '')}-${suffix()}`
    if (await take(longer)) return longer
  }
}
