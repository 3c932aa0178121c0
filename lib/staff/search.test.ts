import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { asStaff } from '@/db/scope'
import { addInstance } from '@/lib/instances/add'
import { generateKey, lastFour } from '@/lib/keys/format'
import { revealKeys } from '@/lib/keys/reveal'
import { findWholeKey, mostFound, searchEverywhere } from '@/lib/staff/search'
import {
  byMember,
  bySystem,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeOrganization,
  makeStaff,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()
let own: Fixture
let other: Fixture
let personId: string
let filled: Awaited<ReturnType<typeof fillOrganization>>

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  filled = await fillOrganization(database, own)
  await fillOrganization(database, other)
  await addInstance(bySystem(other.organizationId), {
    label: 'Médiathèque 100%',
    url: 'https://bücher.example/glpi',
    environment: 'production',
  })
  personId = (await makeStaff(own)).unassigned
})

const search = (text: string) => asStaff(personId, (tx) => searchEverywhere(tx, text))

test('a customer is found by what somebody has on the phone or on paper, in any organization', async () => {
  expect((await search('PEOPLE of acm')).organizations).toMatchObject([{ slug: 'acme' }])
  expect((await search('globex')).organizations).toMatchObject([{ slug: 'globex' }])
  for (const text of [
    'mediatheque',
    '100%',
    'bücher.example',
    'xn--bcher-kva.example/glpi',
    'https://www.bücher.example:443/glpi/front/central.php?x=1',
  ])
    expect((await search(text)).instances, text).toMatchObject([
      { slug: 'globex', label: 'Médiathèque 100%' },
    ])
  const both = await search('desk')
  expect(both.instances.map(({ slug }) => slug).sort()).toEqual(['acme', 'globex'])
  const [instance] = both.instances
  for (const text of [
    instance?.shortId,
    instance?.shortId.slice(2),
    instance?.shortId.toLowerCase().replace('-', ' '),
  ])
    expect((await search(text ?? '')).instances).toMatchObject([{ id: instance?.id }])
})

test('a name is found as a keyboard types it, an organization also by a part of its name in the address', async () => {
  const atelier = await makeOrganization('o-neil-b')
  const named = (name: string) =>
    rowsOf(database, 'update organizations set name = $2 where id = $1', [atelier.organizationId, name])
  await named('L’Atelier d’Été')
  await addInstance(bySystem(atelier.organizationId), {
    label: 'L’accueil Saint‑Roch',
    url: 'https://front.example',
    environment: 'production',
  })
  for (const text of ["l'atelier", "d'ete", 'o-neil', 'O-NEIL-B', 'neil'])
    expect((await search(text)).organizations, text).toMatchObject([{ slug: 'o-neil-b' }])
  for (const text of ["l'accueil", 'saint roch', 'saint-roch'])
    expect((await search(text)).instances, text).toMatchObject([{ label: 'L’accueil Saint‑Roch' }])
  await named('Clinique Saint-Roch')
  for (const text of ['saint roch', 'Saint–Roch'])
    expect((await search(text)).organizations, text).toMatchObject([{ slug: 'o-neil-b' }])
})

test('the version before searches on while names are folded anew', async () => {
  const url = new URL('../../db/migrations/0023_folded_apostrophes.sql', import.meta.url)
  // The rights are granted only after all migrations.
  await rowsOf(database, readFileSync(url, 'utf8'))
  expect((await search('mediatheque')).instances).toMatchObject([{ label: 'Médiathèque 100%' }])
})

test('a short ID is found by its beginning, and a key by its last characters after dots', async () => {
  const [key] = await rowsOf<{ short_id: string; last_four: string }>(
    database,
    'select short_id, last_four from keys where id = $1',
    [filled.keyId],
  )
  const [instance] = (await search('desk')).instances
  if (!key || !instance) throw new Error('they were made')
  const ids = (found: { id: string }[]) => found.map(({ id }) => id)
  for (const length of [3, 5, 7]) {
    const ofKey = key.short_id.slice(0, length)
    for (const text of [ofKey, ofKey.toLowerCase(), `${ofKey}…`]) {
      const found = await search(text)
      expect(ids(found.keys), text).toContain(filled.keyId)
      expect(found.instances, text).toEqual([])
    }
    const ofInstance = instance.shortId.slice(0, length).toLowerCase()
    expect(ids((await search(ofInstance)).instances), ofInstance).toContain(instance.id)
  }
  for (const dots of ['…', '...'])
    expect(ids((await search(dots + key.last_four)).keys), dots).toContain(filled.keyId)
  expect((await search(`..${key.last_four}`)).keys).toEqual([])
})

test('a key is found by its short ID, its last characters and by the whole of it, as it was pasted', async () => {
  const [key] = await revealKeys(byMember(own, 'owner'), { keyIds: [filled.keyId], how: 'shown' })
  if (!key) throw new Error('it was asked for')
  for (const text of [
    key.shortId,
    key.shortId.toLowerCase(),
    key.shortId.slice(2),
    lastFour(key.key),
    `…${lastFour(key.key).toUpperCase()}`,
  ])
    expect(
      (await search(text)).keys.map(({ id }) => id),
      text,
    ).toContain(filled.keyId)
  const whole = (text: string) => asStaff(personId, (tx) => findWholeKey(tx, text))
  for (const text of [key.key, ` Key: ${key.key.toUpperCase().match(/.{4}/g)?.join(' ')} `])
    expect(await whole(text)).toEqual({ slug: 'acme', keyId: filled.keyId })
  expect(await whole(generateKey('trial'))).toBeNull()
})

test('one or two letters find what begins with them', async () => {
  const labels = async (text: string) => (await search(text)).instances.map(({ label }) => label)
  expect(await labels('mé')).toEqual(['Médiathèque 100%'])
  expect(await labels('de')).toEqual(['desk', 'desk'])
  expect(await labels('ia')).toEqual([])
})

test('nothing is found by nothing, by a wildcard, or by who is no staff', async () => {
  const nothing = { organizations: [], instances: [], keys: [] }
  for (const text of ['', '  ', '%%%', '___', '\\', 'no such thing at all'])
    expect(await search(text), text).toEqual(nothing)
  expect(await asStaff(own.people.owner, (tx) => searchEverywhere(tx, 'desk'))).toEqual(nothing)
  expect(await asStaff(own.people.owner, (tx) => findWholeKey(tx, 'x'))).toBeNull()
})

test('of a word that is everywhere some are found, and one more than are shown', async () => {
  for (let index = 0; index < mostFound + 5; index++) {
    await addInstance(bySystem(own.organizationId), {
      label: `Everywhere ${index}`,
      url: `https://everywhere${index}.example`,
      environment: 'production',
    })
  }
  expect((await search('everywhere')).instances).toHaveLength(mostFound + 1)
})
