import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { addInstance } from '@/lib/instances/add'
import { addAddress, removeAddress } from '@/lib/instances/address'
import { editInstance } from '@/lib/instances/edit'
import { productionInstances } from '@/lib/instances/queries'
import { reinstateInstance, retireInstance } from '@/lib/instances/retire'
import { issuePermanentKey } from '@/lib/keys/issue'
import { revealKeys } from '@/lib/keys/reveal'
import {
  byMember,
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  onConnection,
  productDatabase,
  productId,
  rowsOf,
  somebodyWaits,
} from '@/sandbox/test/fixture'

const database = await productDatabase({ DATABASE_POOL_SIZE: '50' })
let own: Fixture
let other: Fixture
let theirs: string

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  theirs = await makeInstance(other, 'theirs')
})

const by = () => byMember(own, 'technical')
const production = { environment: 'production' } as const
let made = 0
const add = (url = `https://glpi-${++made}.example`) =>
  addInstance(by(), { label: `GLPI ${made}`, url, ...production })
const addresses = (instanceId: string) =>
  rowsOf<{ id: string; ordinal: number; url: string; retired: boolean }>(
    database,
    'select id, ordinal, url, retired_at is not null as retired from instance_addresses where instance_id = $1 order by ordinal, created_at',
    [instanceId],
  )

const entriesOf = (instanceId: string) =>
  rowsOf<{ outcome: string }>(
    database,
    'select outcome from audit_entries where instance_id = $1 order by sequence',
    [instanceId],
  )

test('an address belongs to one instance of an organization, however it is written; another organization may have it too', async () => {
  const first = await add('https://desk.example.com/glpi/')
  for (const url of ['http://www.DESK.example.com:443/glpi/front/central.php?x=1', 'desk.example.com/glpi']) {
    await expect(add(url)).rejects.toMatchObject({ code: 'address_taken', facts: { shortId: first.shortId } })
  }
  await add('https://desk.example.com/it')
  await addInstance(byMember(other, 'owner'), {
    label: 'Desk',
    url: 'https://desk.example.com/glpi',
    ...production,
  })
})

test('one address claimed 50 times at once is added once', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => add('https://race.example.com')))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const one of outcomes)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'address_taken' })
  const [row] = await rowsOf<{ count: number }>(
    database,
    `select count(*)::int as count from instance_addresses where url_identity = 'race.example.com'`,
  )
  expect(row?.count).toBe(1)
})

test('five further addresses, also when twenty are added at once; one that was removed makes place', async () => {
  const { instanceId } = await add()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      addAddress(by(), { instanceId, url: `https://further-${index}.lan` }),
    ),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  for (const one of outcomes)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'addresses_full' })
  const [main, second] = await addresses(instanceId)
  await expect(removeAddress(by(), { instanceId, addressId: main?.id ?? '' })).rejects.toMatchObject({
    name: 'NotFound',
  })
  await removeAddress(by(), { instanceId, addressId: second?.id ?? '' })
  await addAddress(by(), { instanceId, url: 'https://in-its-place.lan' })
  const inUse = (await addresses(instanceId)).filter(({ retired }) => !retired)
  expect(inUse.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3, 4, 5])
})

test('adding the same further address twice under one identity is one address', async () => {
  const { instanceId } = await add()
  const same = by()
  await addAddress(same, { instanceId, url: 'https://twice.lan' })
  await addAddress(same, { instanceId, url: 'https://twice.lan' })
  expect(await addresses(instanceId)).toHaveLength(2)
})

test('a retired instance gives its addresses back, and takes them again when it is reinstated', async () => {
  const { instanceId } = await add('https://old.example.com')
  await addAddress(by(), { instanceId, url: 'https://old.lan' })
  await retireInstance(by(), { instanceId })
  await expect(addAddress(by(), { instanceId, url: 'https://x.lan' })).rejects.toMatchObject({
    name: 'NotFound',
  })
  await reinstateInstance(by(), { instanceId })
  const inUse = (await addresses(instanceId)).filter(({ retired }) => !retired)
  expect(inUse.map(({ ordinal, url }) => [ordinal, url])).toEqual([
    [0, 'https://old.example.com'],
    [1, 'https://old.lan'],
  ])
})

test('[Z7] what is so already and asked for again changes nothing and leaves no entry: it is no refusal', async () => {
  const { instanceId } = await add('https://again.example.com')
  await addAddress(by(), { instanceId, url: 'https://again.lan' })
  const [, further] = await addresses(instanceId)
  const remove = () => removeAddress(by(), { instanceId, addressId: further?.id ?? '' })
  const asked = [
    remove,
    () => retireInstance(by(), { instanceId }),
    () => reinstateInstance(by(), { instanceId }),
  ]
  for (const ask of asked) {
    const before = await entriesOf(instanceId)
    await ask()
    const rows = await addresses(instanceId)
    for (let again = 0; again < 3; again++) await expect(ask()).resolves.toBeUndefined()
    expect((await entriesOf(instanceId)).slice(before.length)).toEqual([{ outcome: 'done' }])
    expect(await addresses(instanceId)).toEqual(rows)
  }
  console.log(`[Z7] ${3 * asked.length} trials`)
})

test('an address that was given back and added again is not removed by its old name', async () => {
  const { instanceId } = await add()
  await addAddress(by(), { instanceId, url: 'https://back-again.lan' })
  const [, old] = await addresses(instanceId)
  const remove = () => removeAddress(by(), { instanceId, addressId: old?.id ?? '' })
  await remove()
  await addAddress(by(), { instanceId, url: 'https://back-again.lan' })
  await expect(remove()).rejects.toMatchObject({ name: 'NotFound' })
})

test('an instance whose address another has taken meanwhile is not reinstated, not even in part', async () => {
  const { instanceId } = await add('https://moved.example.com')
  await addAddress(by(), { instanceId, url: 'https://moved.lan' })
  await retireInstance(by(), { instanceId })
  const taker = await add('https://moved.lan')
  await expect(reinstateInstance(by(), { instanceId })).rejects.toMatchObject({
    code: 'address_taken',
    facts: { shortId: taker.shortId },
  })
  expect((await addresses(instanceId)).every(({ retired }) => retired)).toBe(true)
})

test('a test instance belongs to a production instance of the same organization', async () => {
  const { instanceId } = await add()
  const copy = (testOfId: string) =>
    addInstance(by(), { label: 'Copy', url: `https://copy-${++made}.example`, environment: 'test', testOfId })
  const test1 = await copy(instanceId)
  await expect(copy(theirs)).rejects.toMatchObject({ name: 'NotFound', facts: { what: 'instance' } })
  await expect(copy(randomUUID())).rejects.toMatchObject({ name: 'NotFound', facts: { what: 'instance' } })
  await expect(copy(test1.instanceId)).rejects.toMatchObject({
    code: 'invalid_input',
    fields: { testOfId: 'not_production' },
  })
  const edited = { instanceId: test1.instanceId, label: 'Copy', environment: 'test' as const }
  await expect(editInstance(by(), { ...edited, testOfId: test1.instanceId })).rejects.toMatchObject({
    fields: { testOfId: 'not_production' },
  })
  await expect(editInstance(by(), { ...edited, testOfId: theirs })).rejects.toMatchObject({
    name: 'NotFound',
  })
  const another = await copy(instanceId)
  await expect(editInstance(by(), { ...edited, testOfId: another.instanceId })).rejects.toMatchObject({
    fields: { testOfId: 'not_production' },
  })
})

test('editing says what was and what is; production forgets whose test it was', async () => {
  const { instanceId } = await add()
  const { instanceId: copy } = await addInstance(by(), {
    label: 'Before',
    url: 'https://edited.example',
    environment: 'test',
    testOfId: instanceId,
  })
  await editInstance(by(), {
    instanceId: copy,
    label: ' After ',
    environment: 'production',
    testOfId: instanceId,
    glpiVersion: '11.0.4',
  })
  const [row] = await rowsOf(
    database,
    'select label, environment, test_of_id, glpi_version from instances where id = $1',
    [copy],
  )
  expect(row).toEqual({ label: 'After', environment: 'production', test_of_id: null, glpi_version: '11.0.4' })
  const [entry] = await rowsOf(
    database,
    `select details from audit_entries where instance_id = $1 and action = 'instance.edit'`,
    [copy],
  )
  expect(entry).toMatchObject({
    details: {
      label: 'After',
      labelBefore: 'Before',
      environment: 'production',
      environmentBefore: 'test',
      testOf: null,
      testOfBefore: expect.stringMatching(/^GLPI \d+$/),
      glpiVersion: '11.0.4',
      glpiVersionBefore: null,
      asksPortal: false,
      asksPortalBefore: false,
    },
  })
})

test('an edit that changes nothing, however often it is sent, leaves one entry', async () => {
  const { instanceId } = await add()
  const form = { instanceId, label: 'Sent again', environment: 'production' as const, glpiVersion: '11.0.4' }
  for (let sent = 0; sent < 5; sent++) await editInstance(by(), form)
  await Promise.all(Array.from({ length: 5 }, () => editInstance(by(), form)))
  const entries = await rowsOf(
    database,
    `select 1 from audit_entries where instance_id = $1 and action = 'instance.edit'`,
    [instanceId],
  )
  expect(entries).toHaveLength(1)
})

test('malformed fields are named', async () => {
  const call = addInstance(by(), { label: ' ', url: 'ftp://glpi.lan', ...production, glpiVersion: 'newest' })
  await expect(call).rejects.toMatchObject({
    fields: { label: 'required', url: 'url_scheme', glpiVersion: 'glpi_version' },
  })
})

test("[Z2] another organization's instance cannot be changed, and looks like one that does not exist", async () => {
  let trials = 0
  for (const instanceId of [theirs, randomUUID()]) {
    for (const call of [
      () => editInstance(by(), { instanceId, label: 'x', environment: 'production' }),
      () => retireInstance(by(), { instanceId }),
      () => reinstateInstance(by(), { instanceId }),
      () => addAddress(by(), { instanceId, url: 'https://x.lan' }),
      () => removeAddress(by(), { instanceId, addressId: randomUUID() }),
    ]) {
      await expect(call()).rejects.toMatchObject({
        name: 'NotFound',
        code: 'not_found',
        facts: { what: 'instance' },
      })
      trials++
    }
  }
  console.log(`[Z2] ${trials} trials`)
})

test('a whole key in a label is stored as its short ID', async () => {
  const { instanceId } = await add()
  const issued = await issuePermanentKey(bySystem(own.organizationId), {
    productId: await productId(database, 'legacy'),
    instanceId,
  })
  const [revealed] = await revealKeys(by(), { keyIds: [issued.keyId], how: 'shown' })
  await editInstance(by(), { instanceId, label: `Desk ${revealed?.key}`, environment: 'production' })
  const [row] = await rowsOf(database, 'select label from instances where id = $1', [instanceId])
  expect(row).toEqual({ label: `Desk ${issued.shortId}` })
})

test('a key of a retired instance stays, and no new one is issued to it', async () => {
  const { instanceId } = await add()
  const legacy = await productId(database, 'legacy')
  const { keyId } = await issuePermanentKey(bySystem(own.organizationId), { productId: legacy, instanceId })
  await retireInstance(by(), { instanceId })
  expect(await revealKeys(by(), { keyIds: [keyId], how: 'shown' })).toHaveLength(1)
  await expect(
    issuePermanentKey(bySystem(own.organizationId), { productId: legacy, instanceId }),
  ).rejects.toMatchObject({ name: 'NotFound' })
})

test('a key that is asked for while its instance is being retired waits, and is then not issued', async () => {
  const { instanceId } = await add()
  const legacy = await productId(database, 'legacy')
  const outcome = await onConnection(database.ownerUrl, async (client) => {
    // The retirement gets as far as its entry, and has not committed.
    await client.query(`begin; set local latchkey.scope = 'system'`)
    await client.query('select from audit_heads where organization_id = $1 for update', [own.organizationId])
    const retired = retireInstance(by(), { instanceId })
    await somebodyWaits(client)
    const issued = issuePermanentKey(bySystem(own.organizationId), { productId: legacy, instanceId })
    const both = Promise.allSettled([retired, issued])
    await somebodyWaits(client, 2)
    await client.query('commit')
    return both
  })
  expect(outcome).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { name: 'NotFound', facts: { what: 'instance' } } },
  ])
})

test('a retired instance is not offered as one that another may be a test copy of', async () => {
  const { instanceId } = await add()
  const offered = () =>
    asOrganization(own.organizationId, (tx) => productionInstances(tx, own.organizationId, 1_000))
  expect((await offered()).map(({ id }) => id)).toContain(instanceId)
  await retireInstance(by(), { instanceId })
  expect((await offered()).map(({ id }) => id)).not.toContain(instanceId)
})

test('an instance that has a test copy stays in production until the copy is another’s', async () => {
  const { instanceId } = await add()
  const copy = await addInstance(by(), {
    label: 'copy',
    url: 'https://copy-of-production.example',
    environment: 'test',
    testOfId: instanceId,
  })
  const turn = () => editInstance(by(), { instanceId, label: 'desk', environment: 'test' })
  await expect(turn()).rejects.toMatchObject({ fields: { environment: 'has_test_copies' } })
  await retireInstance(by(), { instanceId: copy.instanceId })
  await expect(turn()).resolves.toBeUndefined()
  // What comes back is a test instance still, but no test copy of one.
  await reinstateInstance(by(), { instanceId: copy.instanceId })
  const [row] = await rowsOf(database, 'select environment, test_of_id from instances where id = $1', [
    copy.instanceId,
  ])
  expect(row).toEqual({ environment: 'test', test_of_id: null })
})
