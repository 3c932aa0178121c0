import { randomUUID } from 'node:crypto'
import { decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { signKeySet } from '@/lib/activations/key-set'
import { declareGone, issueOfflineFile } from '@/lib/activations/offline'
import {
  filesThatEnd,
  listOfflineFiles,
  offlineInstallation,
  offlineSummary,
} from '@/lib/activations/offline-files'
import { publishKeySet } from '@/lib/activations/publish'
import { rotateLeases } from '@/lib/activations/rotate'
import { NotFound, Refused } from '@/lib/errors'
import { addInstance } from '@/lib/instances/add'
import { createToken } from '@/lib/organizations/create-token'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { sandboxRoot } from '@/sandbox/lease-root'
import {
  byMember,
  bySystem,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { at } from '@/sandbox/time'

const database = await productDatabase()
const day = 86_400_000
const acme = await makeCustomer('acme')

const technical = () => byMember(acme, 'technical')
const installation = () => `offline-${randomUUID()}`
const inAcme = <T>(
  work: (tx: Parameters<typeof listOfflineFiles>[0], organizationId: string) => Promise<T>,
) => asOrganization(acme.organizationId, (tx) => work(tx, acme.organizationId))
const listed = (instanceId: string) => inAcme((tx, id) => listOfflineFiles(tx, id, instanceId, 50))
const ending = (instanceId: string, at: Date) => inAcme((tx, id) => filesThatEnd(tx, id, instanceId, at))
const leaseOf = (text: string) =>
  JSON.parse(Buffer.from(JSON.parse(text).lease.split('.')[1], 'base64url').toString())

test('a member’s file takes the place of the instance that they chose: the test copy, not its original', async () => {
  const { instanceId, keyId } = await sold(database, acme)
  const url = `https://copy-${randomUUID().slice(0, 8)}.acme.example/glpi`
  const copy = await addInstance(bySystem(acme.organizationId), {
    label: 'copy',
    url,
    environment: 'test',
    testOfId: instanceId,
  })
  const installationId = installation()
  const made = await issueOfflineFile(technical(), { keyId, installationId, instanceId: copy.instanceId })
  expect(leaseOf(made.text)).toMatchObject({ environment: 'test', url, installation_id: installationId })
  expect(await listed(instanceId)).toEqual([])
  expect(await listed(copy.instanceId)).toMatchObject([{ installationId, person: 'technical@acme.example' }])
  // The same installation at its original would be the copy's file again.
  const again = issueOfflineFile(technical(), { keyId, installationId, instanceId })
  await expect(again).rejects.toThrow(new Refused('bound_elsewhere'))
  const nowhere = { keyId, installationId: installation(), instanceId: randomUUID() }
  await expect(issueOfflineFile(technical(), nowhere)).rejects.toThrow(NotFound)
})

test('a member who fetches a file for a GLPI that was refused is not asked about it any more', async () => {
  const { keyId } = await sold(database, acme)
  const installationId = installation()
  const said = { id: randomUUID(), refusal_code: '7QF3XM', calls: 1, kind: 'installation' }
  const of = { organization_id: acme.organizationId, key_id: keyId, installation_id: installationId }
  const batch = JSON.stringify({ questions: [{ ...said, ...of, at: new Date() }] })
  await rowsOf(database, 'select record_checks($1)', [batch])
  const asked = `select q.answer, c.open from questions q join question_counts c using (key_id) where key_id = $1`
  expect(await rowsOf(database, asked, [keyId])).toEqual([{ answer: null, open: 1 }])
  await issueOfflineFile(technical(), { keyId, installationId })
  expect(await rowsOf(database, asked, [keyId])).toEqual([{ answer: 'let_in', open: 0 }])
})

test('a member who fetches a file for a GLPI that takes the place of one that is gone is not asked about that one any more', async () => {
  const { keyId, instanceId } = await sold(database, acme)
  const [before, after] = [installation(), installation()]
  await issueOfflineFile(technical(), { keyId, installationId: before })
  const of = { organization_id: acme.organizationId, key_id: keyId, installation_id: before, at: new Date() }
  const asking = ['copy', 'address'].map((kind) => ({
    ...{ ...of, id: randomUUID(), kind, refusal_code: '7QF3XM', calls: 1 },
  }))
  await rowsOf(database, 'select record_checks($1)', [JSON.stringify({ questions: asking })])
  const asked = `select q.kind, q.answer, c.open from questions q join question_counts c using (key_id) where key_id = $1 order by 1`
  const [file] = await listed(instanceId)
  await declareGone(technical(), { fileId: file?.id ?? '' })
  expect(await rowsOf(database, asked, [keyId])).toEqual([
    { kind: 'address', answer: null, open: 2 },
    { kind: 'copy', answer: null, open: 2 },
  ])
  // The day has come.
  await rowsOf(database, `update activations set lease_ends_at = created_at where key_id = $1`, [keyId])
  await rowsOf(
    database,
    `update offline_files set issued_at = issued_at - interval '2 days', works_until = issued_at - interval '1 day' where key_id = $1`,
    [keyId],
  )
  await issueOfflineFile(technical(), { keyId, installationId: after })
  expect(await rowsOf(database, asked, [keyId])).toEqual([
    { kind: 'address', answer: 'let_in', open: 0 },
    { kind: 'copy', answer: 'let_in', open: 0 },
  ])
})

test('no file names a suite, whoever asks', async () => {
  const { keyId } = await sold(database, acme, { reference: 'suite' })
  for (const product of [{}, { product: 'suite' }]) {
    const file = issueOfflineFile(technical(), { keyId, installationId: installation(), ...product })
    await expect(file).rejects.toMatchObject({ fields: { product: 'required' } })
  }
})

test('who fetched a file is a person, or a program by the name of its token', async () => {
  const { instanceId, keyId, shortId } = await sold(database, acme)
  const { tokenId } = await createToken(technical(), {
    name: 'Ansible',
    scopes: ['offline_files.create'],
    days: 30,
  })
  const installationId = installation()
  await issueOfflineFile(technical(), { keyId, installationId })
  const byToken = { actor: { kind: 'token', tokenId }, organizationId: acme.organizationId } as const
  await issueOfflineFile(byToken, { keyId, installationId, tokenId })
  expect(await listed(instanceId)).toMatchObject([
    { shortId, product: 'Forms Pro', person: null, token: 'Ansible', goneAt: null },
    { shortId, product: 'Forms Pro', person: 'technical@acme.example', token: null, goneAt: null },
  ])
})

test('the same form sent twice is one file, and one that says something else another', async () => {
  const { instanceId, keyId } = await sold(database, acme)
  const installationId = installation()
  const asked = { keyId, installationId, instanceId, formId: randomUUID() }
  const [first, second] = await Promise.all([1, 2].map(() => issueOfflineFile(technical(), asked)))
  expect(leaseOf(second?.text ?? '')).toEqual(leaseOf(first?.text ?? ''))
  expect(await listed(instanceId)).toHaveLength(1)
  const entries = `select from audit_entries where action = 'offline_file.issue' and instance_id = $1`
  expect(await rowsOf(database, entries, [instanceId])).toHaveLength(1)
  const { keyId: other } = await startSubscription(bySystem(acme.organizationId), {
    productId: await productId(database, 'branding'),
    instanceId,
  })
  await issueOfflineFile(technical(), { ...asked, keyId: other })
  await issueOfflineFile(technical(), { ...asked, formId: randomUUID() })
  expect(await listed(instanceId)).toHaveLength(3)
})

test('a form that was sent before its installation was said to be gone makes a new file, with a place of its own', async () => {
  const { instanceId, keyId } = await sold(database, acme)
  const asked = { keyId, installationId: installation(), instanceId, formId: randomUUID() }
  const first = leaseOf((await issueOfflineFile(technical(), asked)).text)
  const [file] = await listed(instanceId)
  await declareGone(technical(), { fileId: file?.id ?? '' })
  const again = [1, 2].map(() => issueOfflineFile(technical(), asked))
  const [second, third] = (await Promise.all(again)).map(({ text }) => leaseOf(text))
  expect(second.jti).not.toBe(first.jti)
  expect(second.sub).not.toBe(first.sub)
  expect(third).toEqual(second)
  expect(await listed(instanceId)).toMatchObject([
    { id: second.jti, goneAt: null },
    { goneAt: expect.any(Date) },
  ])
  const entries = `select from audit_entries where action = 'offline_file.issue' and instance_id = $1`
  expect(await rowsOf(database, entries, [instanceId])).toHaveLength(2)
})

test('a form that was sent an hour ago makes a new file, and so does a token’s same request', async () => {
  const { instanceId, keyId } = await sold(database, acme)
  const { tokenId } = await createToken(technical(), {
    name: 'Ansible',
    scopes: ['offline_files.create'],
    days: 30,
  })
  const installationId = installation()
  const byToken = { actor: { kind: 'token', tokenId }, organizationId: acme.organizationId } as const
  const formId = randomUUID()
  const asking = [
    () => issueOfflineFile(technical(), { keyId, installationId, instanceId, formId }),
    () => issueOfflineFile(byToken, { keyId, installationId, tokenId }),
  ]
  const began = Date.now()
  for (const [index, ask] of asking.entries()) {
    const claims = async (minutes: number) =>
      leaseOf((await at(new Date(began + minutes * 60_000), ask)).text)
    const first = await claims(0)
    expect(await claims(59)).toEqual(first)
    const later = await claims(61)
    expect(later.iat - first.iat).toBe(61 * 60)
    expect(await listed(instanceId)).toHaveLength(2 * index + 2)
  }
})

test('a file is signed by the key that signs now, also in the minute after another one was dropped', async () => {
  const { keyId } = await sold(database, acme)
  const asked = { keyId, installationId: installation(), formId: randomUUID() }
  const headerOf = ({ text }: { text: string }) => decodeProtectedHeader(JSON.parse(text).lease)
  const before = headerOf(await issueOfflineFile(technical(), asked))
  const by = { actor: { kind: 'system' } } as const
  const { request } = await rotateLeases(by, { drop: before.kid, reason: 'Stolen.' })
  if (!request) throw new Error('nothing was asked for')
  const signed = await signKeySet(request, sandboxRoot())
  const published = await publishKeySet(by, { signed })
  expect(published.toFetchAnew).toContainEqual(expect.objectContaining({ slug: 'acme' }))
  // The answer may have been lost, or the list closed.
  expect((await publishKeySet(by, { signed })).toFetchAnew).toEqual(published.toFetchAnew)
  const after = await issueOfflineFile(technical(), asked)
  expect(headerOf(after).kid).not.toBe(before.kid)
  expect(JSON.parse(after.text).key_set).toBe(signed)
})

test('who says that an installation is gone reads the plugins that its files are for, and not the suite', async () => {
  const { instanceId, keyId, shortId } = await sold(database, acme, { reference: 'suite' })
  const installationId = installation()
  for (const product of ['forms', 'branding'])
    await issueOfflineFile(technical(), { keyId, installationId, product })
  const [newest] = await listed(instanceId)
  const { places } = await inAcme((tx, id) => offlineInstallation(tx, id, newest?.id ?? ''))
  expect(places).toEqual([{ shortId, product: 'Branding, Forms Pro', worksUntil: newest?.worksUntil }])
})

test('of a suite the files of each plugin are fetched anew', async () => {
  const globex = await makeOrganization('initech')
  const { keyId } = await sold(database, globex, { reference: 'suite' })
  const installationId = installation()
  const fetched = (product: string) =>
    issueOfflineFile(byMember(globex, 'technical'), { keyId, installationId, product })
  for (const product of ['forms', 'branding']) await fetched(product)
  const by = { actor: { kind: 'system' } } as const
  const [{ kid = '' } = {}] = await rowsOf<{ kid: string }>(
    database,
    'select kid from signing_keys where stops_at is null and signs_from is not null',
  )
  const { request } = await rotateLeases(by, { drop: kid, reason: 'Stolen.' })
  if (!request) throw new Error('nothing was asked for')
  const signed = await signKeySet(request, sandboxRoot())
  const left = async () =>
    (await publishKeySet(by, { signed })).toFetchAnew.filter(({ slug }) => slug === 'initech').length
  expect(await left()).toBe(1)
  const later = new Date(Date.now() + 5_000)
  await at(later, () => fetched('forms'))
  expect(await at(later, left)).toBe(1)
  await at(later, () => fetched('branding'))
  expect(await at(later, left)).toBe(0)
})

test('an installation that is gone gives back the place of each of its keys, free when its last file has ended', async () => {
  const { instanceId, keyId, shortId } = await sold(database, acme)
  const branding = await startSubscription(bySystem(acme.organizationId), {
    productId: await productId(database, 'branding'),
    instanceId,
  })
  const installationId = installation()
  for (const one of [keyId, keyId, branding.keyId])
    await issueOfflineFile(technical(), { keyId: one, installationId })
  const [, , oldest] = await listed(instanceId)
  const fileId = oldest?.id ?? ''
  // The first file is shorter than the one that took its place.
  await rowsOf(
    database,
    `update offline_files set works_until = works_until - interval '9 days' where id = $1`,
    [fileId],
  )
  const { places, freesAt: free } = await inAcme((tx, id) => offlineInstallation(tx, id, fileId))
  expect(free).toBe(null)
  expect(places.map((place) => place.shortId)).toEqual([branding.shortId, shortId])
  const latest = new Date(Math.max(...places.map(({ worksUntil }) => worksUntil.getTime())))
  expect(await declareGone(technical(), { fileId })).toEqual({ instanceId, freesAt: latest })
  const held = `select a.given_back_at is not null as back, a.lease_ends_at as until from activations a
    join keys k on k.id = a.key_id join products p on p.id = k.product_id where a.instance_id = $1 order by p.name`
  expect(await rowsOf(database, held, [instanceId])).toEqual(
    places.map(({ worksUntil }) => ({ back: true, until: worksUntil })),
  )
  expect((await listed(instanceId)).every(({ goneAt }) => goneAt !== null)).toBe(true)
  const freesAt = async () => (await inAcme((tx, id) => offlineInstallation(tx, id, fileId))).freesAt
  expect(await freesAt()).toEqual(latest)
  // Twice says nothing new.
  expect(await declareGone(technical(), { fileId })).toEqual({ instanceId, freesAt: latest })
  const entries = `select k.short_id as "shortId", details ->> 'until' as until from audit_entries e
    join keys k on k.id = e.key_id join products p on p.id = k.product_id
    where action = 'offline_file.declare_gone' and e.instance_id = $1 order by p.name`
  expect(await rowsOf(database, entries, [instanceId])).toEqual(
    // The one place of both is free when the later file has ended.
    places.map((place) => ({ shortId: place.shortId, until: latest.toISOString() })),
  )
})

test('what ends within 30 days is to be fetched anew, until a newer file or none is needed', async () => {
  const { instanceId, keyId, subscriptionId } = await sold(database, acme)
  const installationId = installation()
  await issueOfflineFile(technical(), { keyId, installationId })
  const [file] = await listed(instanceId)
  if (!file) throw new Error('it was just issued')
  const { worksUntil } = file
  const before = (days: number) => new Date(worksUntil.getTime() - days * day)
  expect(await ending(instanceId, before(31))).toEqual([])
  expect(await ending(instanceId, before(30))).toMatchObject([{ product: 'Forms Pro', worksUntil }])
  expect(await ending(instanceId, worksUntil)).toEqual([])
  const renewed = await renewSubscription(bySystem(acme.organizationId), { subscriptionId })
  await issueOfflineFile(technical(), { keyId: renewed.keyId, installationId })
  expect(await ending(instanceId, before(30))).toEqual([])
  const other = await sold(database, acme)
  await issueOfflineFile(technical(), { keyId: other.keyId, installationId: installation() })
  const [theirs] = await listed(other.instanceId)
  await declareGone(technical(), { fileId: theirs?.id ?? '' })
  expect(await ending(other.instanceId, before(30))).toEqual([])
})

test('whose files a stolen signing key has signed is said when it is dropped, until they are fetched anew', async () => {
  const globex = await makeOrganization('globex')
  const [once, anew] = [await sold(database, globex), await sold(database, globex)]
  const by = { actor: { kind: 'system' } } as const
  const fetched = ({ keyId }: { keyId: string }, installationId: string) =>
    issueOfflineFile(byMember(globex, 'technical'), { keyId, installationId })
  const publish = async (drop: string) => {
    const { request } = await rotateLeases(by, { drop, reason: 'Stolen.' })
    if (!request) throw new Error('nothing was asked for')
    const { toFetchAnew } = await publishKeySet(by, { signed: await signKeySet(request, sandboxRoot()) })
    return toFetchAnew.find(({ slug }) => slug === 'globex')
  }
  const signing = async () =>
    (await rowsOf<{ kid: string }>(database, 'select kid from signing_keys where stops_at is null'))[0]
      ?.kid ?? ''
  await fetched(once, 'one')
  await fetched(anew, 'two')
  expect(await publish(await signing())).toMatchObject({
    organization: 'The people of globex',
    installations: 2,
  })
  // A second at the least is between what the old key has signed and the new one.
  const later = new Date(Date.now() + 5_000)
  await at(later, () => fetched(anew, 'two'))
  const [unpublished] = await rowsOf<{ kid: string }>(
    database,
    'select kid from signing_keys order by created_at',
  )
  expect(await at(later, () => publish(unpublished?.kid ?? ''))).toMatchObject({ installations: 1 })
})

test('a file may be declared gone, and its place given back, by a process whose clock is behind', async () => {
  const { keyId } = await sold(database, acme)
  const ahead = new Date(Date.now() + 5_000)
  const gone = installation()
  await at(ahead, () => issueOfflineFile(technical(), { keyId, installationId: gone }))
  const named =
    'select id, gone_at as "goneAt", issued_at as "issuedAt" from offline_files where installation_id = $1'
  const file = async () =>
    (await rowsOf<{ id: string; goneAt: Date; issuedAt: Date }>(database, named, [gone]))[0]
  await declareGone(technical(), { fileId: (await file())?.id ?? '' })
  const after = await file()
  expect(after?.goneAt).toEqual(after?.issuedAt)
})

test('an installation that is gone gives back its own places, and not those of another one of the same instance', async () => {
  const { instanceId, keyId } = await sold(database, acme)
  const branding = await startSubscription(bySystem(acme.organizationId), {
    productId: await productId(database, 'branding'),
    instanceId,
  })
  const [before, after] = [installation(), installation()]
  await issueOfflineFile(technical(), { keyId, installationId: before })
  // The instance has got another installation since.
  await rowsOf(database, 'update instances set installation_id = null where id = $1', [instanceId])
  await issueOfflineFile(technical(), { keyId: branding.keyId, installationId: after })
  const file = (await listed(instanceId)).find((one) => one.installationId === before)
  await declareGone(technical(), { fileId: file?.id ?? '' })
  const gone = (await listed(instanceId)).map((one) => [one.installationId, one.goneAt !== null])
  expect(Object.fromEntries(gone)).toEqual({ [before]: true, [after]: false })
  const held = `select installation_id as of, given_back_at is not null as back from activations where instance_id = $1`
  const places = await rowsOf<{ of: string; back: boolean }>(database, held, [instanceId])
  expect(Object.fromEntries(places.map(({ of, back }) => [of, back]))).toEqual({
    [before]: true,
    [after]: false,
  })
})

test('how many files work is counted, of each installation and product the newest, with the one that ends first', async () => {
  const beta = await makeOrganization('beta')
  const summary = (now = new Date()) =>
    asOrganization(beta.organizationId, (tx) => offlineSummary(tx, beta.organizationId, now))
  expect(await summary()).toBeNull()
  const { keyId, instanceId } = await sold(database, beta)
  const installationId = installation()
  const fetch = (key: string, id: string) =>
    issueOfflineFile(byMember(beta, 'technical'), { keyId: key, installationId: id })
  await fetch(keyId, installationId)
  await fetch(keyId, installationId)
  const later = await sold(database, beta)
  await fetch(later.keyId, installation())
  const files = await asOrganization(beta.organizationId, (tx) =>
    listOfflineFiles(tx, beta.organizationId, instanceId, 50),
  )
  const endsAt = files[0]?.worksUntil
  expect(await summary()).toEqual({ files: 2, instanceId: expect.any(String), endsAt })
  expect(await summary(new Date(Date.now() + 401 * day))).toBeNull()
  await declareGone(byMember(beta, 'technical'), { fileId: files[0]?.id ?? '' })
  expect(await summary()).toMatchObject({ files: 1, instanceId: later.instanceId })
})
