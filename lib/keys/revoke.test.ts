import { randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { extendKey } from '@/lib/keys/extend'
import { generateKey } from '@/lib/keys/format'
import { issuePermanentKey } from '@/lib/keys/issue'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { revealKeys } from '@/lib/keys/reveal'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  byMember,
  bySystem,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  type Reference,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase({ DATABASE_POOL_SIZE: '50' })
let own: Fixture
let other: Fixture
let instanceId: string
let subscriptionId: string
let keyId: string
let theirs: Awaited<ReturnType<typeof fillOrganization>>
const products: Partial<Record<Reference, string>> = {}

const by = () => bySystem(own.organizationId)
const product = (reference: Reference) => products[reference] ?? ''

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  instanceId = await makeInstance(own)
  theirs = await fillOrganization(database, other)
  for (const one of ['forms', 'branding', 'cloud', 'legacy', 'tags'] as const)
    products[one] = await productId(database, one)
})
beforeEach(async () => {
  const started = await startSubscription(by(), { productId: product('forms'), instanceId })
  subscriptionId = started.subscriptionId
  keyId = started.keyId
})

const keyRow = async (id: string) => {
  const [row] = await rowsOf<Record<string, Date | string | null>>(
    database,
    'select * from keys where id = $1',
    [id],
  )
  if (!row) throw new Error('there is no such key')
  return row
}
const later = (date: unknown, days: number) => new Date(new Date(String(date)).getTime() + days * 86_400_000)

test('a revoked key is revoked once, can be restored once, and then be revoked again', async () => {
  await revokeKey(by(), { keyId, reason: 'leaked', note: 'On a wiki.' })
  await expect(revokeKey(by(), { keyId, reason: 'leaked' })).rejects.toMatchObject({
    code: 'already_revoked',
  })
  await restoreKey(by(), { keyId, note: 'It was another one.' })
  await expect(restoreKey(by(), { keyId })).rejects.toMatchObject({ code: 'not_revoked' })
  await revokeKey(by(), { keyId, reason: 'requested' })
  const rows = await rowsOf(
    database,
    'select reason, note, restored_at is null as current from revocations where key_id = $1 order by revoked_at, id',
    [keyId],
  )
  expect(rows).toEqual([
    { reason: 'leaked', note: 'On a wiki.', current: false },
    { reason: 'requested', note: null, current: true },
  ])
})

test('50 revocations at once make one', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, () => revokeKey(by(), { keyId, reason: 'leaked' })),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'already_revoked' })
})

test('an extension moves the end of a key, never its term, and only to a later day', async () => {
  const before = await keyRow(keyId)
  const until = later(before.expires_at, 30)
  await extendKey(by(), { keyId, until, reason: 'The invoice was late.' })
  const after = await keyRow(keyId)
  expect(after.expires_at).toEqual(until)
  expect(after.term_ends_at).toEqual(before.term_ends_at)
  await expect(extendKey(by(), { keyId, until, reason: 'Again.' })).rejects.toMatchObject({
    code: 'not_later',
  })
  await revokeKey(by(), { keyId, reason: 'leaked' })
  await expect(extendKey(by(), { keyId, until: later(until, 1), reason: 'x' })).rejects.toMatchObject({
    code: 'already_revoked',
  })
  const legacy = await issuePermanentKey(by(), { productId: product('legacy'), instanceId })
  await expect(extendKey(by(), { keyId: legacy.keyId, until, reason: 'x' })).rejects.toMatchObject({
    code: 'never_ends',
  })
})

test('the same extension asked for twice under one identity is one', async () => {
  const until = later((await keyRow(keyId)).expires_at, 30)
  const same = by()
  await extendKey(same, { keyId, until, reason: 'x' })
  await extendKey(same, { keyId, until, reason: 'x' })
  const rows = await rowsOf(database, 'select id from extensions where key_id = $1', [keyId])
  expect(rows).toHaveLength(1)
})

test('a renewal issues a new key at once, for the term after the last; the old one lives to its own end', async () => {
  const before = await keyRow(keyId)
  const renewed = await renewSubscription(by(), { subscriptionId })
  const [old, fresh] = [await keyRow(keyId), await keyRow(renewed.keyId)]
  expect(old.expires_at).toEqual(before.expires_at)
  expect(old.renewed_at).not.toBeNull()
  expect(old.replaced_at).toBeNull()
  expect(fresh).toMatchObject({
    follows_id: keyId,
    instance_id: instanceId,
    kind: 'subscription',
    first_seen_at: null,
  })
  expect(fresh.starts_at).toEqual(old.renewed_at)
  const spans = await rowsOf<{ starts_at: Date; ends_at: Date }>(
    database,
    'select * from terms where subscription_id = $1 order by ordinal',
    [subscriptionId],
  )
  expect(spans[1]?.starts_at).toEqual(spans[0]?.ends_at)
  expect(fresh.term_ends_at).toEqual(spans[1]?.ends_at)
})

test('noting that the new key is in use makes the old one old; twice is the same, and a stranger cannot', async () => {
  const renewed = await renewSubscription(by(), { subscriptionId })
  await noteKeySeen(byMember(own, 'technical'), { keyId: renewed.keyId })
  const seen = await keyRow(renewed.keyId)
  const old = await keyRow(keyId)
  expect(old.replaced_at).toEqual(seen.first_seen_at)
  await noteKeySeen(byMember(own, 'owner'), { keyId: renewed.keyId })
  expect(await keyRow(renewed.keyId)).toEqual(seen)
  expect(await keyRow(keyId)).toEqual(old)
  const entries = await rowsOf(
    database,
    `select outcome, details from audit_entries where action = 'key.note_seen' and key_id = $1`,
    [renewed.keyId],
  )
  const { shortId } = renewed
  expect(entries).toMatchObject([{ outcome: 'done', details: { shortId, product: 'Forms Pro' } }])
  await expect(noteKeySeen(byMember(own, 'viewer'), { keyId })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(noteKeySeen(byMember(own, 'owner'), { keyId: theirs.keyId })).rejects.toMatchObject({
    name: 'NotFound',
  })
})

test('a key that was replaced stays replaced since then, even if its newer one had to be noted anew', async () => {
  const renewed = await renewSubscription(by(), { subscriptionId })
  await noteKeySeen(by(), { keyId: renewed.keyId })
  const old = await keyRow(keyId)
  // No command does this: somebody who mends a row does.
  await rowsOf(database, 'update keys set first_seen_at = null where id = $1', [renewed.keyId])
  await noteKeySeen(by(), { keyId: renewed.keyId })
  expect((await keyRow(renewed.keyId)).first_seen_at).not.toBeNull()
  expect((await keyRow(keyId)).replaced_at).toEqual(old.replaced_at)
})

test('[C3] one renewal asked for 50 times at once under one identity is one term; 10 others are 10, in a row', async () => {
  const same = by()
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => renewSubscription(same, { subscriptionId })),
  )
  expect(new Set(answers.map((one) => one.keyId)).size).toBe(1)
  await Promise.all(Array.from({ length: 10 }, () => renewSubscription(by(), { subscriptionId, months: 1 })))
  const spans = await rowsOf<{ starts_at: Date; ends_at: Date }>(
    database,
    'select * from terms where subscription_id = $1 order by ordinal',
    [subscriptionId],
  )
  expect(spans).toHaveLength(12)
  for (const [index, span] of spans.slice(1).entries()) expect(span.starts_at).toEqual(spans[index]?.ends_at)
})

test('[C6] renewing, revoking, restoring, extending and noting one key at once ends as if one after the other', async () => {
  const rounds = process.env.STRESS ? 200 : 10
  for (let round = 0; round < rounds; round++) {
    const own = await startSubscription(by(), { productId: product('forms'), instanceId })
    const until = later((await keyRow(own.keyId)).expires_at, round + 1)
    const outcomes = await Promise.allSettled([
      ...Array.from({ length: 5 }, () => renewSubscription(by(), { subscriptionId: own.subscriptionId })),
      ...Array.from({ length: 15 }, () => revokeKey(by(), { keyId: own.keyId, reason: 'requested' })),
      ...Array.from({ length: 15 }, () => restoreKey(by(), { keyId: own.keyId })),
      ...Array.from({ length: 5 }, () => extendKey(by(), { keyId: own.keyId, until, reason: 'x' })),
      ...Array.from({ length: 10 }, () => noteKeySeen(by(), { keyId: own.keyId })),
    ])
    const codes = new Set(
      outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code ?? `${one.reason}`] : [])),
    )
    expect(
      [...codes].filter((code) => !['already_revoked', 'not_revoked', 'not_later'].includes(code)),
    ).toEqual([])
    expect(outcomes.slice(0, 5).every(({ status }) => status === 'fulfilled')).toBe(true)
  }
  console.log(`[C6] ${rounds} rounds of 50`)
})

test('what a product needs decides what is issued', async () => {
  const cases: [() => Promise<unknown>, string][] = [
    [() => startSubscription(by(), { productId: product('tags'), instanceId }), 'open_source'],
    [() => startSubscription(by(), { productId: product('legacy'), instanceId }), 'not_sold_by_term'],
    [() => issuePermanentKey(by(), { productId: product('forms'), instanceId }), 'not_permanent'],
    [() => startSubscription(by(), { productId: product('cloud'), instanceId }), 'needs_no_instance'],
    [() => startSubscription(by(), { productId: product('forms'), instanceId: null }), 'needs_instance'],
    [() => startSubscription(by(), { productId: randomUUID(), instanceId }), 'not_found'],
    [
      () => startSubscription(by(), { productId: product('forms'), instanceId: theirs.instanceId }),
      'not_found',
    ],
    [() => renewSubscription(by(), { subscriptionId: theirs.subscriptionId }), 'not_found'],
    [() => revokeKey(by(), { keyId: theirs.keyId, reason: 'leaked' }), 'not_found'],
    [() => restoreKey(by(), { keyId: theirs.permanentKeyId }), 'not_found'],
    [() => extendKey(by(), { keyId: theirs.keyId, until: new Date('2090-01-01'), reason: 'x' }), 'not_found'],
  ]
  for (const [call, code] of cases) await expect(call(), code).rejects.toMatchObject({ code })
  await startSubscription(by(), { productId: product('cloud'), instanceId: null })
  await rowsOf(database, `update products set withdrawn_at = now() where reference = 'branding'`)
  await expect(startSubscription(by(), { productId: product('branding'), instanceId })).rejects.toMatchObject(
    { code: 'withdrawn' },
  )
})

test('no member, whatever the role, issues, renews, revokes, restores or extends', async () => {
  const until = new Date('2090-01-01')
  for (const role of ['owner', 'billing', 'technical', 'viewer'] as const) {
    const member = byMember(own, role)
    for (const call of [
      () => issuePermanentKey(member, { productId: product('legacy'), instanceId }),
      () => startSubscription(member, { productId: product('forms'), instanceId }),
      () => renewSubscription(member, { subscriptionId }),
      () => revokeKey(member, { keyId, reason: 'requested' }),
      () => restoreKey(member, { keyId }),
      () => extendKey(member, { keyId, until, reason: 'x' }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'forbidden', facts: { role } })
    }
  }
})

test('a whole key in a note or a reason is stored as its short ID, in the row and in the audit entry', async () => {
  const [own1] = await revealKeys(byMember(own, 'owner'), { keyIds: [keyId], how: 'shown' })
  const [foreign] = await revealKeys(byMember(other, 'owner'), { keyIds: [theirs.keyId], how: 'shown' })
  const unknown = generateKey('trial')
  if (!own1 || !foreign) throw new Error('both were asked for')
  const spaced = own1.key.toUpperCase().match(/.{4}/g)?.join(' ')
  const note = `It is ${own1.key}, also written ${spaced}; not ${foreign.key} nor ${unknown}.`
  const clean = `It is ${own1.shortId}, also written ${own1.shortId}; not …${foreign.key.slice(-4)} nor …${unknown.slice(-4)}.`
  await revokeKey(by(), { keyId, reason: 'leaked', note })
  await restoreKey(by(), { keyId, note })
  await extendKey(by(), { keyId, until: new Date('2090-01-01'), reason: note })
  const texts = await rowsOf<{ text: string }>(
    database,
    `select note as text from revocations where key_id = $1
     union all select note from restorations r where revocation_id in (select id from revocations where key_id = $1)
     union all select reason from extensions where key_id = $1
     union all select coalesce(details->>'note', details->>'reason') from audit_entries
       where key_id = $1 and action in ('key.revoke', 'key.restore', 'key.extend') and outcome = 'done'`,
    [keyId],
  )
  expect(texts.map(({ text }) => text)).toEqual(Array(6).fill(clean))
})
