import PostalMime from 'postal-mime'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { byMember, bySystem, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { openSession } from './open-session'
import { renewalsOf } from './renewals'
import { sendKeysReady } from './send-keys-ready'

const sink = await startMailSink()
const payments = await paymentsForTests()
const database = await productDatabase({ ...payments.env, SMTP_URL: sink.url })
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

const waysOf = (keyId: string) =>
  asOrganization(acme.organizationId, (tx) => renewalsOf(tx, acme.organizationId, keyId, now()))
/** Which steps were made. */
async function made(keyId: string) {
  const [way, ...more] = await waysOf(keyId)
  expect(more).toEqual([])
  return way?.steps.map(({ step, at }) => `${step} ${at ? 'done' : 'not yet'}`)
}

/** Renews by a payment. */
async function renewed() {
  const old = await sold(database, acme)
  const by = byMember(acme, 'billing')
  const { subscriptionId } = old
  const wanted = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
  const { checkoutId } = await beginCheckout(by, wanted)
  await payments.pay((await openSession(by, checkoutId)).url)
  await payments.work()
  const [key] = await rowsOf<{ id: string }>(database, 'select id from keys where follows_id = $1', [
    old.keyId,
  ])
  return { old, checkoutId, newId: key?.id ?? '' }
}

test('a renewal is told step by step, on the page of the new key as on that of the old one', async () => {
  const { old, newId, checkoutId } = await renewed()
  expect(await made(newId)).toEqual([
    ...['paid done', 'issued done', 'mailed not yet'],
    ...['seen not yet', 'old_unused not yet'],
  ])
  for (let time = 0; time < 2; time++)
    await sendKeysReady({ organizationId: acme.organizationId, checkoutId })
  // Owner, technical member and who paid: each once.
  expect(sink.received).toHaveLength(3)
  expect(await made(newId)).toContain('mailed done')
  await noteKeySeen(bySystem(acme.organizationId), { keyId: newId })
  expect(await made(newId)).toEqual([
    ...['paid done', 'issued done', 'mailed done'],
    ...['seen done', 'old_unused done'],
  ])
  expect(await waysOf(old.keyId)).toEqual(await waysOf(newId))
  expect((await waysOf(newId))[0]).toMatchObject({ oldKey: { id: old.keyId }, newKey: { id: newId } })
})

test('who is told of a new key reads that its plugin fetches it by itself, where one does, and what is left to do', async () => {
  const said = async (isProved: boolean) => {
    const { old, checkoutId } = await renewed()
    await rowsOf(
      database,
      `insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive, secret_hash,
         lease_ends_at, created_at, refreshed_at, proved_at)
       values (gen_random_uuid(), $1, $2, $3, 'one', 'production', true, sha256('x'), $4::timestamptz + interval '7 days', $4, $4,
         case when $5 then $4::timestamptz end)`,
      [acme.organizationId, old.keyId, old.instanceId, now(), isProved],
    )
    const before = sink.received.length
    await sendKeysReady({ organizationId: acme.organizationId, checkoutId })
    const mails = await Promise.all(sink.received.slice(before).map(({ data }) => PostalMime.parse(data)))
    return mails.map(({ text = '' }) => text.replace(/\s+/g, ' '))
  }
  const byHand = await said(false)
  expect(byHand).toHaveLength(3)
  for (const text of byHand) {
    expect(text).toContain('Copy the new key in the portal and put it into GLPI')
    expect(text).not.toContain('by itself')
  }
  for (const text of await said(true)) {
    expect(text).toContain('The plugin fetches the new key by itself at the next check, within a day.')
    expect(text).toContain('Left to do by hand: GLPI’s own registration box')
    expect(text).toMatch(/; the plugin fetches the new one by itself/)
    expect(text).not.toContain('Copy the new key')
  }
})

test('of an installation that uses files the last step is the new file', async () => {
  const { old, newId } = await renewed()
  const fetch = (keyId: string) =>
    rowsOf(
      database,
      `with activation as (insert into activations (id, organization_id, key_id, instance_id, installation_id, environment,
           exclusive, secret_hash, lease_ends_at, created_at, refreshed_at)
         values (gen_random_uuid(), $1, $2, $3, 'offline', 'production', true, sha256('x'), $5, $5, $5) returning id)
       insert into offline_files (id, organization_id, activation_id, key_id, instance_id, installation_id, issued_at, works_until, issued_by_id)
       select gen_random_uuid(), $1, activation.id, $2, $3, 'offline', $5::timestamptz, $5::timestamptz + interval '300 days', $4
       from activation`,
      [acme.organizationId, keyId, old.instanceId, acme.people.owner, now()],
    )
  await fetch(old.keyId)
  expect((await made(newId))?.at(-1)).toBe('file_fetched not yet')
  await fetch(newId)
  expect((await made(newId))?.at(-1)).toBe('file_fetched done')
})

test('of a suite’s plugins in one GLPI it is told which uses the new key, and into which it has to be pasted', async () => {
  const old = await sold(database, acme, { reference: 'suite' })
  const { keyId: newId } = await renewSubscription(bySystem(acme.organizationId), {
    subscriptionId: old.subscriptionId,
  })
  const activate = (keyId: string, products: string[]) =>
    rowsOf(
      database,
      `insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive,
         secret_hash, leases, lease_ends_at, created_at, refreshed_at)
       select gen_random_uuid(), $1, $2, $3, 'one', 'production', true, sha256('x'),
         (select jsonb_object_agg(p, jsonb_build_array(null, null)) from unnest($5::text[]) p), $4, $4, $4`,
      [acme.organizationId, keyId, old.instanceId, now(), products],
    )
  const places = async () =>
    (await waysOf(newId))[0]?.places.map((one) => [one.product, one.pickUp, one.shared])
  await activate(old.keyId, ['forms'])
  // Until it has shown its secret, nothing is known to be handed to it.
  expect(await places()).toEqual([['Forms Pro', 'to_paste', false]])
  await rowsOf(database, 'update activations set proved_at = refreshed_at where key_id = $1', [old.keyId])
  expect(await places()).toEqual([['Forms Pro', 'not_yet', false]])
  await rowsOf(
    database,
    `update activations set leases = leases || '{"branding": [null, null]}' where key_id = $1`,
    [old.keyId],
  )
  expect(await places()).toEqual([
    ['Branding', 'not_yet', true],
    ['Forms Pro', 'not_yet', true],
  ])
  await activate(newId, ['branding'])
  expect(await places()).toEqual([
    ['Branding', 'uses_now', true],
    ['Forms Pro', 'to_paste', true],
  ])
})

test('of a call of GLPI itself that is counted by day no more is told than its day', async () => {
  const { old, newId } = await renewed()
  await rowsOf(
    database,
    `insert into check_days (organization_id, key_id, instance_id, day, asked, code, calls)
     values ($1, $2, $3, $4::timestamptz::date, 'registration', 'ok', 3)`,
    [acme.organizationId, newId, old.instanceId, now()],
  )
  const glpi = (await waysOf(newId))[0]?.places.filter(({ where }) => where === 'glpi')
  expect(glpi).toMatchObject([{ byDay: true, usesAt: new Date(new Date(now()).setUTCHours(0, 0, 0, 0)) }])
})

test('a key that follows none, and that none follows, has no such way', async () => {
  expect(await waysOf((await sold(database, acme)).keyId)).toEqual([])
})
