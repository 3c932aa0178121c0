import { createHash } from 'node:crypto'
import { and, asc, eq, isNull, lte } from 'drizzle-orm'
import { activations, checkDays } from '@/db/schema/activations'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { asOrganization } from '@/db/scope'
import { activateKey } from '@/lib/activations/activate'
import { catalog } from '@/lib/activations/catalog'
import { type Call, type Checked, judgeAgain, noteAnswer } from '@/lib/activations/check'
import { noteLease } from '@/lib/activations/facts'
import { history } from '@/lib/activations/history'
import { recordOfflineFile } from '@/lib/activations/offline'
import { keptSince, usualGraceDays } from '@/lib/activations/rules'
import { newestFitting } from '@/lib/catalog/rules'
import { now as clock } from '@/lib/clock'
import { newId } from '@/lib/ids'
import { open } from '@/lib/keys/vault'
import { at } from '@/sandbox/time'
import { asTechnician, type Customer, type SeedInstance, unlessDone } from './customer'
import { uuidNamed } from './past'

const hour = 3_600_000
const day = 24 * hour
/** Of how many days before its last call a GLPI's daily calls are told. */
const toldDays = 60

/** A key that a GLPI presents, and what it is told. */
export interface Presented {
  call: Call & { installationId: string }
  checked: Checked
  /** When it was activated there; undefined until then. */
  activatedAt: Date | undefined
}

/**
 * Has a GLPI use its keys: it activates them on a day, and those that came since then four days ago.
 * @param since days before today
 * @param hoursAgo its last call, before the moment of the seed
 */
export function calling(
  customer: Customer,
  instance: SeedInstance,
  { since, hoursAgo }: { since: number; hoursAgo: number },
) {
  const { past, slug } = customer
  customer.callers.push({ instance, hoursAgo })
  for (const ago of [since, 4])
    past.on(past.day(-ago), `${slug}: ${instance.label} activates, ${ago}`, async () => {
      for (const { call, checked } of await presentedBy(customer, instance)) {
        const { found, fingerprint } = checked
        if (!found || !fingerprint) continue
        const { installationId, address, url, product } = call
        const secret = uuidNamed(`${found.shortId} ${installationId}`)
        await activateKey(
          { actor: { kind: 'glpi' }, organizationId: customer.organizationId },
          { keyId: found.id, fingerprint, installationId, address, url, product, secret },
        )
      }
    })
}

/** A GLPI without a way to the portal has files instead. @param ago days before today on which they were fetched */
export function offlineFiles(customer: Customer, instance: SeedInstance, ago: number) {
  const { past, slug } = customer
  const step = `${instance.label} fetches files`
  past.on(past.day(-ago), `${slug}: ${step}`, async () => {
    for (const { call, checked } of await presentedBy(customer, instance)) {
      const keyId = checked.found?.id ?? ''
      await unlessDone(customer, 'offline_file.issue', { keyId }, () =>
        recordOfflineFile(asTechnician(customer, step), {
          keyId,
          product: call.product,
          installationId: call.installationId,
          instanceId: instance.instanceId,
        }),
      )
    }
  })
}

/** The good keys in a GLPI, as it presents them: with its version as the portal knows it, and the plugins that fit it. */
export async function presentedBy(customer: Customer, instance: SeedInstance): Promise<Presented[]> {
  const { place, held, used } = await readInstance(customer, instance)
  const { byId, byReference } = await catalog()
  const { url, glpiVersion } = place
  const installationId = place.installationId ?? installationNamed(`${customer.slug} ${instance.label}`)
  const presented: Presented[] = []
  for (const { productId, ...key } of held) {
    const sold = byId.get(productId)
    const plugin = sold && (byReference.get(sold.contains[0] ?? '') ?? sold)
    const release = newestFitting(plugin?.releases ?? [], glpiVersion ?? '')
    if (!plugin || !release) continue
    const call = {
      ...{ key: open(key, key.id), installationId, url, address: place.urlIdentity },
      ...{
        glpiVersion: glpiVersion ?? undefined,
        product: plugin.reference,
        productVersion: release.version,
      },
    }
    const checked = await judgeAgain(call)
    // Who has put the newer key into GLPI calls with the old one no more.
    if (!checked.verdict.ok || checked.notes.includes('replaced')) continue
    const activatedAt = used.find(({ id }) => id === checked.found?.activation?.id)?.createdAt
    presented.push({ call, checked, activatedAt })
  }
  return presented
}

async function readInstance({ organizationId }: Customer, { instanceId, label }: SeedInstance) {
  return asOrganization(organizationId, async (tx) => {
    const [place] = await tx
      .select({
        installationId: instances.installationId,
        glpiVersion: instances.glpiVersion,
        testOfId: instances.testOfId,
        url: instanceAddresses.url,
        urlIdentity: instanceAddresses.urlIdentity,
      })
      .from(instances)
      .innerJoin(instanceAddresses, eq(instanceAddresses.instanceId, instances.id))
      .where(
        and(
          eq(instances.organizationId, organizationId),
          eq(instances.id, instanceId),
          eq(instanceAddresses.ordinal, 0),
          isNull(instanceAddresses.retiredAt),
        ),
      )
    if (!place) throw new Error(`there is no ${label}`)
    const held = await tx
      .select({
        id: keys.id,
        cipher: keys.cipher,
        ringVersion: keys.ringVersion,
        productId: keys.productId,
      })
      .from(keys)
      .where(
        and(
          eq(keys.organizationId, organizationId),
          eq(keys.instanceId, place.testOfId ?? instanceId),
          // A seed that goes on finds keys that were not in GLPI at that time.
          lte(keys.firstSeenAt, clock()),
        ),
      )
      .orderBy(asc(keys.id))
    const used = await tx
      .select({ id: activations.id, createdAt: activations.createdAt })
      .from(activations)
      .where(and(eq(activations.organizationId, organizationId), eq(activations.instanceId, instanceId)))
    return { place, held, used }
  })
}

/**
 * Tells what the customers' GLPIs asked up to a moment, which is now, since who has not called within a day is silent.
 * @param strange adds the calls that are no daily ones.
 */
export async function tellCalls(customers: Customer[], now: Date, strange: () => Promise<void>) {
  await at(now, async () => {
    const daily: (Presented & { lastAt: Date })[] = []
    for (const customer of customers)
      for (const { instance, hoursAgo } of customer.callers) {
        const lastAt = new Date(now.getTime() - hoursAgo * hour)
        for (const presented of await presentedBy(customer, instance)) daily.push({ ...presented, lastAt })
      }
    for (let ago = toldDays; ago >= 0; ago--) {
      for (const one of daily) await tellDay(one, new Date(one.lastAt.getTime() - ago * day), now)
      // What is noted at once counts as one call.
      await history.flush()
    }
    for (const one of daily) await giveLease(one)
    await strange()
    await history.flush()
  })
}

async function tellDay({ call, checked, activatedAt }: Presented, when: Date, now: Date) {
  const { found } = checked
  if (!found || !activatedAt || when < activatedAt) return
  if (when >= keptSince(now)) return noteAnswer(call, { ...checked, at: when }, 'refresh')
  const { organizationId, id: keyId, activation } = found
  const instanceId = activation?.instanceId ?? null
  const counted = { day: when.toISOString().slice(0, 10), asked: 'refresh', code: checked.code, calls: 1 }
  await asOrganization(organizationId, (tx) =>
    tx
      .insert(checkDays)
      .values({ organizationId, keyId, instanceId, ...counted })
      .onConflictDoNothing(),
  )
}

async function giveLease({ checked: { found, product }, lastAt }: Presented & { lastAt: Date }) {
  if (!found?.activation || !product) return
  const end = Math.min(lastAt.getTime() + usualGraceDays * day, found.expiresAt?.getTime() ?? Infinity)
  const given = { id: newId(lastAt), endsAt: new Date(end), at: lastAt }
  const { reference } = product
  await noteLease({
    activationId: found.activation.id,
    keyId: found.id,
    product: reference,
    named: undefined,
    given,
  })
}

/** Forty letters and digits, as GLPI makes them; the same for the same name. */
export const installationNamed = (name: string) =>
  createHash('sha512').update(name).digest('base64url').replace(/[-_]/g, '').slice(0, 40)
