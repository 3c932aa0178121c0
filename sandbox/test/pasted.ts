import { randomUUID } from 'node:crypto'
import { diagnose, type Question } from '@/lib/activations/diagnosis'
import { sayDiagnosis } from '@/lib/activations/diagnosis-phrases'
import { applyCatalog } from '@/lib/catalog/apply'
import { parseInstanceUrl } from '@/lib/instances/url'
import { generateKey } from '@/lib/keys/format'
import { issuePermanentKey } from '@/lib/keys/issue'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { revokeKey } from '@/lib/keys/revoke'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startTrial } from '@/lib/trials/start'
import type { TestDatabase } from '@/sandbox/test/database'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  makeSigningKey,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { keyOf, sold } from '@/sandbox/test/sold'
import { at } from '@/sandbox/time'

const day = 86_400_000

/** An organization with keys of which one thing or another is the matter, by what it is, to be pasted into the check page. */
export async function makePasted(database: TestDatabase) {
  await makeProducts()
  const fixture = await makeOrganization('acme')
  const good = await sold(database, fixture)
  /** A GLPI has called with it. */
  const bound = await sold(database, fixture)
  await rowsOf(database, 'update instances set installation_id = $1 where id = $2', [
    'known',
    bound.instanceId,
  ])
  const keys: Record<string, string> = {
    ...{ good: good.key, bound: bound.key },
    ...(await endedKeys(database, fixture)),
    ...(await newerKeys(database, fixture)),
    ...(await otherKeys(database, fixture)),
  }
  return { fixture, good, bound, keys }
}

async function makeProducts() {
  await makeCatalog()
  await applyCatalog(
    { actor: { kind: 'system' } },
    {
      products: [
        {
          ...{ reference: 'versions', name: 'Versions', description: { en: 'Some.', fr: 'Des.' } },
          releases: [
            { version: '1.0.0', glpiMin: '10.0', glpiMax: '10.0', releasedOn: '2025-01-01' },
            { version: '2.0.0', glpiMin: '11.0', glpiMax: '11.0', releasedOn: '2026-01-01' },
          ],
        },
      ],
    },
  )
  await makeSigningKey()
}

async function endedKeys(database: TestDatabase, fixture: Fixture) {
  const by = () => bySystem(fixture.organizationId)
  const keys: Record<string, string> = {}
  const expired = await at(new Date(Date.now() - 420 * day), () => sold(database, fixture))
  keys.expired = expired.key
  const followed = await at(new Date(Date.now() - 390 * day), () => sold(database, fixture))
  keys.followed = followed.key
  const follower = await at(new Date(Date.now() - 30 * day), () =>
    renewSubscription(by(), { subscriptionId: followed.subscriptionId }),
  )
  keys.follower = await keyOf(database, follower.keyId)
  // Renewed, and over again.
  const lapsed = await at(new Date(Date.now() - 900 * day), () => sold(database, fixture))
  keys.lapsed = lapsed.key
  await at(new Date(Date.now() - 540 * day), () =>
    renewSubscription(by(), { subscriptionId: lapsed.subscriptionId }),
  )
  for (const reason of ['leaked', 'non_payment'] as const) {
    const revoked = await sold(database, fixture)
    await revokeKey(by(), { keyId: revoked.keyId, reason })
    keys[reason] = revoked.key
  }
  return keys
}

async function newerKeys(database: TestDatabase, fixture: Fixture) {
  const by = () => bySystem(fixture.organizationId)
  const renewed = await sold(database, fixture)
  await renewSubscription(by(), { subscriptionId: renewed.subscriptionId })
  const replaced = await sold(database, fixture)
  const newer = await renewSubscription(by(), { subscriptionId: replaced.subscriptionId })
  await noteKeySeen(by(), { keyId: newer.keyId })
  return { renewed: renewed.key, replaced: replaced.key }
}

async function otherKeys(database: TestDatabase, fixture: Fixture) {
  const by = () => bySystem(fixture.organizationId)
  const instanceId = await makeInstance(fixture, 'tries')
  const trial = await startTrial(by(), { productId: await productId(database, 'branding'), instanceId })
  const legacy = await issuePermanentKey(by(), { productId: await productId(database, 'legacy'), instanceId })
  return {
    suite: (await sold(database, fixture, { reference: 'suite' })).key,
    cloud: (await sold(database, fixture, { reference: 'cloud', everywhere: true })).key,
    trial: await keyOf(database, trial.keyId),
    permanent: await keyOf(database, legacy.keyId),
    versions: (await sold(database, fixture, { reference: 'versions' as 'forms' })).key,
  }
}

/** Who is not signed in. */
export const stranger = { memberships: [], personId: null, isStaff: false }
/** Each asks from a network of its own, so that none uses up another's turns. */
export const ask = (
  pasted: string,
  more: Partial<Question> = {},
  asker: Partial<Parameters<typeof diagnose>[1]> = {},
) => diagnose({ pasted, ...more }, { from: randomUUID(), ...stranger, ...asker })
export const said = async (pasted: string, more: Partial<Question> = {}, language: 'en' | 'fr' = 'en') =>
  sayDiagnosis(await ask(pasted, more), { pasted, ...more }, language)
export const addressed = (url: string) => {
  const parsed = parseInstanceUrl(url)
  if (!parsed.ok) throw new Error(url)
  return { url: parsed.url, address: parsed.identity }
}
/** The character at a place of a key replaced by another that keys have. */
export const wrongAt = (key: string, ...places: number[]) =>
  places.reduce((text, place) => {
    const other = text[place - 1] === 'q' ? 'p' : 'q'
    return text.slice(0, place - 1) + other + text.slice(place)
  }, key)
/** The same letters as East Asian keyboards type them. */
export const wide = (text: string) =>
  text.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0))
/** It was never issued. */
export const nobodys = generateKey('subscription')
