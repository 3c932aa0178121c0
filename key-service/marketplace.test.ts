import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { pageOf } from '@/key-service/glpi'
import { applyCatalog } from '@/lib/catalog/apply'
import { issuePermanentKey } from '@/lib/keys/issue'
import { revokeKey } from '@/lib/keys/revoke'
import {
  bySystem,
  makeCatalog,
  makeOrganization,
  makeSigningKey,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { sold as soldTo } from '@/sandbox/test/sold'

const folder = mkdtempSync(path.join(tmpdir(), 'releases-'))
const releases = path.join(folder, 'releases')
afterAll(() => rmSync(folder, { recursive: true }))

const database = await productDatabase()
// Read once a minute: before the service is first asked.
await makeCatalog()
await makeSigningKey()
const fixture = await makeOrganization('acme')
const archive = randomBytes(300_000)
// Bought before it is withdrawn.
const bought = await soldTo(database, fixture)
await issuePermanentKey(bySystem(fixture.organizationId), {
  productId: await productId(database, 'legacy'),
  instanceId: bought.instanceId,
})
await addReleases()
const service = await startKeyService(database, { RELEASES_DIR: releases, TRUSTED_PROXIES: '127.0.0.1' })
const secret = randomBytes(32)
const elsewhere = await startKeyService(database, {
  RELEASES_BASE_URL: 'https://releases.northwind.example/files/',
  RELEASES_SECRET: secret.toString('base64'),
})
const gone = await startKeyService(database, { RELEASES_DIR: path.join(folder, 'gone') })
let calls = 0

async function addReleases() {
  const description = { en: 'Made up for tests.', fr: 'Inventé pour les tests.' }
  const release = (version: string, glpiMin: string, glpiMax: string | null) => ({
    ...{ version, glpiMin, glpiMax },
    releasedOn: '2026-09-02',
  })
  await applyCatalog(
    { actor: { kind: 'system' } },
    {
      products: [
        {
          ...{ reference: 'forms', name: 'Forms Pro', description, trialDays: 15 },
          homepageUrl: 'https://plugins.northwind.example/forms',
          releases: [
            release('2.9.0', '9.5', '10.0'),
            release('3.2.0', '10.0', '11.0'),
            release('3.3.0-rc1', '11.0', null),
            release('3.1.0', '10.0', null),
          ],
        },
        {
          ...{ reference: 'branding', name: 'Branding', description, overlapDays: 0, trialDays: 30 },
          releases: [release('1.0.0', '10.0', null)],
        },
        { reference: 'legacy', name: 'Legacy', description, keyKind: 'permanent', withdrawn: true },
        {
          ...{ reference: 'tags', name: 'Tags', description, openSource: true },
          releases: [release('1.22.0', '10.0', '11.0')],
        },
      ],
    },
  )
  mkdirSync(releases)
  const files = [
    'forms-2.9.0.tgz',
    'forms-3.2.0.tar.bz2',
    'forms-3.3.0-rc1.zip',
    'branding-1.0.0.tgz',
    'tags-1.22.0.zip',
  ]
  for (const file of [...files, 'forms-9.9.9.zip']) writeFileSync(path.join(releases, file), archive)
  writeFileSync(path.join(folder, 'secret.zip'), 'the canary')
}

const headersOf = ({ key, uid, version = '11.0.2', range }: Said = {}) => ({
  'User-Agent': `GLPI/${version} (installation-mode:TARBALL)`,
  'X-Forwarded-For': `10.0.0.${calls++ % 250}`,
  ...(key ? { 'X-Registration-Key': key } : {}),
  ...(uid ? { 'X-Glpi-Network-Uid': uid } : {}),
  ...(range ? { 'X-Range': range } : {}),
})
interface Said {
  key?: string
  uid?: string
  version?: string
  range?: string
}
type Plugin = Record<string, unknown> & {
  key: string
  versions: { num: string; download_url: string }[]
  required_offers: string[]
}

const newUid = () => randomUUID().replaceAll('-', '')
const sold = (more: Parameters<typeof soldTo>[2] = {}) => soldTo(database, fixture, more)
async function listed(said: Said = {}, name = 'marketplace'): Promise<Plugin[]> {
  const { status, body } = await service.ask('GET', `/api/${name}/plugins`, undefined, headersOf(said))
  expect(status).toBe(200)
  return body
}
const offersOf = (plugins: Plugin[]) =>
  Object.fromEntries(plugins.map(({ key, required_offers }) => [key, required_offers]))

test('lists the catalog’s plugins as GLPI reads them, by both names: no suite, no cloud plan, nothing withdrawn', async () => {
  const plugins = await listed()
  expect(plugins.map(({ key }) => key)).toEqual(['branding', 'forms', 'tags'])
  expect(await listed({}, 'glpi-plugins')).toEqual(plugins)
  expect(plugins[1]).toEqual({
    id: expect.any(Number),
    ...{ key: 'forms', name: 'Forms Pro', license: '', logo_url: '' },
    homepage_url: 'https://plugins.northwind.example/forms',
    ...{ issues_url: '', readme_url: '', changelog_url: '' },
    authors: [{ id: 1, name: 'Northwind Plugins' }],
    descriptions: [
      { lang: 'en', short_description: 'Made up for tests.', long_description: 'Made up for tests.' },
      {
        lang: 'fr',
        short_description: 'Inventé pour les tests.',
        long_description: 'Inventé pour les tests.',
      },
    ],
    versions: expect.any(Array),
    required_offers: ['forms', 'suite'],
    ...{
      note: 0,
      download_count: 0,
      date_updated: '2026-09-02T00:00:00.000Z',
      date_added: expect.any(String),
    },
  })
  expect(new Set(plugins.map(({ id }) => id)).size).toBe(3)
  expect(offersOf(plugins).tags).toEqual([])
})

test('offers each GLPI what works on it and has an archive, since it takes the highest of what is listed', async () => {
  const versionsFor = async (version: string) =>
    (await listed({ version })).find(({ key }) => key === 'forms')?.versions.map(({ num }) => num)
  expect(await versionsFor('9.5.13')).toEqual(['2.9.0'])
  expect((await versionsFor('10.0.18'))?.sort()).toEqual(['2.9.0', '3.2.0'])
  expect((await versionsFor('11.0.2'))?.sort()).toEqual(['3.2.0', '3.3.0-rc1'])
  expect(await versionsFor('12.0.0')).toEqual(['3.3.0-rc1'])
  const all = (await listed({ version: 'unknown' })).find(({ key }) => key === 'forms')
  const at = (version: string, file: string) =>
    `http://localhost:41400/api/marketplace/plugin/forms/download/${version}/${file}`
  expect(all?.versions).toHaveLength(3)
  expect(all?.versions).toEqual(
    expect.arrayContaining([
      {
        num: '2.9.0',
        compatibility: '9.5 - 10.0',
        download_url: at('2.9.0', 'forms-2.9.0.tgz'),
        stability: 'stable',
      },
      {
        ...{ num: '3.3.0-rc1', compatibility: '>= 11.0', stability: 'unstable' },
        download_url: at('3.3.0-rc1', 'forms-3.3.0-rc1.zip'),
      },
    ]),
  )
})

test('pages by X-Range, and ends with an empty list', async () => {
  const keys = async (range: string) => (await listed({ range })).map(({ key }) => key)
  expect(await keys('0-199')).toEqual(['branding', 'forms', 'tags'])
  expect(await keys('200-399')).toEqual([])
  expect(await keys('0-1')).toEqual(['branding', 'forms'])
  expect(await keys('2-3')).toEqual(['tags'])
  expect(await keys('3-1')).toEqual([])
  for (const rubbish of ['no', '-1-5', '0-', '1e9-2', '0-99999999999999999999'])
    expect(await keys(rubbish), rubbish).toHaveLength(3)
})

test('a page has 200 plugins, however many are asked for', () => {
  const all = Array.from({ length: 450 }, (_, index) => index)
  const asked = (range?: string) => {
    const page = pageOf(all, { headers: range ? { 'x-range': range } : {} })
    return [page[0], page.at(-1), page.length]
  }
  for (const range of [undefined, '0-199', '0-449', '0-999999999'])
    expect(asked(range)).toEqual([0, 199, 200])
  expect(asked('200-999')).toEqual([200, 399, 200])
  expect(asked('400-599')).toEqual([400, 449, 50])
})

test('tags are none', async () => {
  for (const at of ['tags/top', 'tags/anything/plugin'])
    expect((await service.ask('GET', `/api/marketplace/${at}`, undefined, headersOf())).body).toEqual([])
})

test('adds the offer of the presented key to whatever else that GLPI has a working key of', async () => {
  const uid = newUid()
  const { key, instanceId } = await sold()
  expect(offersOf(await listed({ key, uid }))).toEqual({
    ...{ branding: ['branding', 'suite'], forms: ['forms', 'suite'], tags: [] },
  })
  const branding = await sold({ reference: 'branding', onto: instanceId })
  const both = { branding: ['branding', 'forms', 'suite'], forms: ['forms', 'suite'], tags: [] }
  expect(offersOf(await listed({ key, uid }))).toEqual(both)
  // The other key of that GLPI is as good.
  expect(offersOf(await listed({ key: branding.key, uid }))).toEqual({
    ...{ branding: ['branding', 'suite'], forms: ['branding', 'forms', 'suite'], tags: [] },
  })
  await revokeKey(bySystem(fixture.organizationId), { keyId: branding.keyId, reason: 'requested' })
  expect(offersOf(await listed({ key, uid })).branding).toEqual(['branding', 'suite'])
})

test('what is withdrawn is listed to those who have bought it', async () => {
  expect(offersOf(await listed({ key: bought.key, uid: newUid() })).legacy).toEqual(['forms', 'legacy'])
})

test('of the whole organization’s keys each of its GLPIs has what they unlock, and no stranger', async () => {
  const other = await makeOrganization(`org-${randomUUID().slice(0, 8)}`)
  const { key } = await soldTo(database, other)
  const uid = newUid()
  await listed({ key, uid })
  const cloud = await soldTo(database, other, { reference: 'cloud', everywhere: true })
  expect(offersOf(await listed({ key: cloud.key, uid })).forms).toEqual(['cloud', 'forms', 'suite'])
  expect(offersOf(await listed({ key: cloud.key, uid: newUid() })).forms).toEqual(['forms', 'suite'])
  expect(offersOf(await listed({ key: cloud.key })).forms).toEqual(['forms', 'suite'])
})

const forms = '/api/marketplace/plugin/forms/download/3.2.0/forms-3.2.0.tar.bz2'

/** As it stands: `fetch` would take `..` out of the path. */
function get(at: string, headers: Record<string, string>, method = 'GET', url = service.url) {
  const { hostname, port } = new URL(url)
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>(
    (resolve, reject) => {
      request({ hostname, port, path: at, method, headers }, async (answer) => {
        const parts: Buffer[] = []
        for await (const part of answer) parts.push(part)
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) })
      })
        .on('error', reject)
        .end()
    },
  )
}

test('a GLPI downloads what it has a key of, by whichever key it presents', async () => {
  const uid = newUid()
  const { key, instanceId } = await sold({ reference: 'suite' })
  const { status, headers, body } = await get(forms, headersOf({ key, uid }))
  expect({ status, same: body.equals(archive) }).toEqual({ status: 200, same: true })
  expect(headers).toMatchObject({
    'content-type': 'application/x-bzip2',
    'content-length': '300000',
    'content-disposition': 'attachment; filename="forms-3.2.0.tar.bz2"',
    'cache-control': 'no-store',
    'accept-ranges': 'bytes',
  })
  // GLPI counts by this address, without following it.
  const counted = await get('/api/marketplace/plugin/forms/download/3.2.0', headersOf({ key, uid }))
  expect(counted).toMatchObject({ status: 302, headers: { location: `http://localhost:41400${forms}` } })
  const history = () =>
    rowsOf(
      database,
      `select c.code, c.product_version, c.calls from checks c where c.instance_id = $1 and c.asked = 'download'`,
      [instanceId],
    )
  await expect
    .poll(history, { timeout: 10_000 })
    // Of a suite's key, of which of its plugins.
    .toEqual([{ code: 'ok', product_version: 'forms 3.2.0', calls: 1 }])
})

const lastVersion = async (keyId: string) =>
  (
    await rowsOf<{ last: string; glpi: string }>(
      database,
      `select s.product_version as last, s.glpi_version as glpi from sightings s where key_id = $1`,
      [keyId],
    )
  )[0]

test.each(['GET', 'HEAD'])('what is downloaded (%s) says nothing of what is installed', async (method) => {
  const uid = newUid()
  const { key, keyId } = await sold()
  const body = { key, product: 'forms', installation_id: uid, product_version: '2.4.0' }
  // Before it, in the same second, and after it.
  expect((await service.ask('POST', '/api/v1/activations', body)).status).toBe(201)
  await get(forms, headersOf({ key, uid }), method)
  await expect.poll(() => lastVersion(keyId), { timeout: 10_000 }).toEqual({ last: '2.4.0', glpi: '11.0.2' })
  await get(forms, headersOf({ key, uid, version: '11.0.3' }), method)
  await expect.poll(() => lastVersion(keyId), { timeout: 10_000 }).toEqual({ last: '2.4.0', glpi: '11.0.3' })
})

test('of a suite’s key the version that was last said stands with the plugin that said it', async () => {
  const installation_id = newUid()
  const { key, keyId } = await sold({ reference: 'suite' })
  for (const [product, product_version, last] of [
    ['forms', '2.4.0', 'forms 2.4.0'],
    ['branding', '1.0.0', 'branding 1.0.0'],
    ['forms', undefined, 'branding 1.0.0'],
  ] as const) {
    const body = { key, product, installation_id, product_version, glpi_version: '11.0.2' }
    expect((await service.ask('POST', '/api/v1/activations', body)).status).toBeLessThan(300)
    await expect.poll(() => lastVersion(keyId), { timeout: 10_000 }).toEqual({ last, glpi: '11.0.2' })
  }
})

test('what is open source is anybody’s, what is sold is refused with the reason', async () => {
  expect(
    (await get('/api/glpi-plugins/plugin/tags/download/1.22.0/tags-1.22.0.zip', headersOf())).status,
  ).toBe(200)
  const branding = await sold({ reference: 'branding' })
  const uid = newUid()
  const revoked = await sold()
  await revokeKey(bySystem(fixture.organizationId), { keyId: revoked.keyId, reason: 'refunded' })
  const refusals: [Said, number, string][] = [
    [{}, 400, 'malformed'],
    [{ key: branding.key, uid }, 403, 'wrong_product'],
    [{ key: branding.key, uid: newUid() }, 409, 'bound_elsewhere'],
    [{ key: (await sold()).key }, 409, 'bound_elsewhere'],
    [{ key: revoked.key, uid: newUid() }, 403, 'revoked'],
  ]
  for (const [said, status, code] of refusals) {
    const answer = await service.ask('GET', forms, undefined, headersOf(said))
    expect(answer).toMatchObject({ status, body: { code, status, detail: expect.any(String) } })
    // Who says which installation it is can open the case by it.
    expect('refusal_code' in answer.body).toBe(code === 'bound_elsewhere' && said.uid !== undefined)
  }
})

test.each([
  ['en', /^This GLPI did not say which one it is.*X-Glpi-Network-Uid/],
  ['fr', /^Ce GLPI n’a pas dit lequel il est.*X-Glpi-Network-Uid/],
])(
  'who names no installation is told so, and the same by the set-up page and the download (%s)',
  async (language, says) => {
    const bound = await sold()
    const uid = newUid()
    await listed({ key: bound.key, uid })
    const cloud = await sold({ reference: 'cloud', everywhere: true })
    for (const { key } of [bound, await sold(), cloud])
      for (const nameless of [undefined, 'x'.repeat(101), 'é'.repeat(9)]) {
        const headers = {
          ...headersOf({ key, ...(nameless && { uid: nameless }) }),
          'Accept-Language': language,
        }
        const shown = await service.ask('GET', '/api/registration/info', undefined, headers)
        const download = await service.ask('GET', forms, undefined, headers)
        expect(shown.body).toMatchObject({ is_valid: false, validation_message: expect.stringMatching(says) })
        expect(download).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
        expect(shown.body.validation_message.startsWith(download.body.detail)).toBe(true)
      }
    const history = () =>
      rowsOf(
        database,
        'select distinct asked, code from checks where key_id = $1 and installation_id is null order by 1',
        [bound.keyId],
      )
    const code = 'no_installation'
    await expect.poll(history, { timeout: 10_000 }).toEqual([
      { asked: 'download', code },
      { asked: 'registration', code },
    ])
  },
)

test('[A4] a cloud key downloads nothing to installations that nobody added', async () => {
  const { key } = await sold({ reference: 'cloud', everywhere: true })
  const trials = process.env.STRESS ? 1_000 : 100
  for (let trial = 0; trial < trials; trial++)
    expect((await get(forms, headersOf({ key, uid: newUid() }))).status).not.toBe(200)
  console.log(`[A4] ${trials} downloads`)
})

test('no path of a request reaches the file system', async () => {
  const { key } = await sold()
  const uid = newUid()
  const base = '/api/marketplace/plugin'
  const attempts = [
    `${base}/forms/download/3.2.0/secret.zip`,
    `${base}/forms/download/3.2.0/..%2f..%2fsecret.zip`,
    `${base}/forms/download/3.2.0/../../secret.zip`,
    `${base}/forms/download/..%2f..%2f/secret.zip`,
    `${base}/..%2f..%2fsecret/download/3.2.0/secret.zip`,
    `${base}/forms/download/3.2.0/forms-3.2.0.tar.bz2%00`,
    `${base}/forms/download/3.2.0/forms-3.2.0.zip`,
    `${base}/forms/download/3.2.0/forms-2.9.0.tgz`,
    // It lies there, and the catalog does not have it.
    `${base}/forms/download/9.9.9/forms-9.9.9.zip`,
    `${base}/forms/download/3.1.0/forms-3.1.0.zip`,
    `${base}/forms/download/9.9.9`,
    `${base}/__proto__/download/constructor/toString`,
    `${base}/suite/download/3.2.0/forms-3.2.0.tar.bz2`,
  ]
  for (const at of attempts) {
    const { status, headers, body } = await get(at, headersOf({ key, uid }))
    expect({ at, status }).toEqual({ at, status: 404 })
    expect(headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(body.includes('canary')).toBe(false)
  }
  console.log(`${attempts.length} paths`)
})

test('HEAD tells the size alone, Range gives the part that was asked for', async () => {
  const { key } = await sold()
  const uid = newUid()
  const headers = headersOf({ key, uid })
  const head = await get(forms, headers, 'HEAD')
  expect(head).toMatchObject({ status: 200, headers: { 'content-length': '300000' }, body: Buffer.alloc(0) })
  expect((await get(forms, headersOf(), 'HEAD')).status).toBe(400)
  const parts: [range: string, first: number, last: number][] = [
    ['bytes=0-9', 0, 9],
    ['bytes=299990-', 299_990, 299_999],
    ['bytes=-10', 299_990, 299_999],
    ['bytes=299999-400000', 299_999, 299_999],
    ['bytes=-999999', 0, 299_999],
  ]
  for (const [range, first, last] of parts) {
    const part = await get(forms, { ...headers, Range: range })
    expect(part).toMatchObject({ status: 206, headers: { 'content-range': `bytes ${first}-${last}/300000` } })
    expect(part.body.equals(archive.subarray(first, last + 1)), range).toBe(true)
  }
  for (const range of ['bytes=300000-', 'bytes=-0'])
    expect(await get(forms, { ...headers, Range: range }), range).toMatchObject({
      ...{ status: 416, headers: { 'content-range': 'bytes */300000' } },
    })
  for (const range of ['bytes=5-2', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=-', 'bytes=a-b'])
    expect((await get(forms, { ...headers, Range: range })).status, range).toBe(200)
  expect((await get(forms, { ...headers, Range: 'bytes=0-9', 'If-Range': '"x"' })).status).toBe(200)
})

test('archives that are elsewhere are redirected to, for five minutes', async () => {
  const { key } = await sold()
  const answer = await get(forms, headersOf({ key, uid: newUid() }), 'GET', elsewhere.url)
  expect(answer.status).toBe(302)
  const address = new URL(String(answer.headers.location))
  expect(`${address.origin}${address.pathname}`).toBe(
    'https://releases.northwind.example/files/forms-3.2.0.tar.bz2',
  )
  const expires = Number(address.searchParams.get('expires'))
  expect(expires - Date.now() / 1_000).toBeGreaterThan(290)
  expect(expires - Date.now() / 1_000).toBeLessThanOrEqual(300)
  const signed = createHmac('sha256', secret).update(`${address.pathname}\n${expires}`).digest('base64url')
  expect(address.searchParams.get('signature')).toBe(signed)
  expect((await get(forms, headersOf(), 'GET', elsewhere.url)).status).toBe(400)
})

test('a folder of releases that is gone is an outage, and no empty list', async () => {
  const { status, headers, body } = await gone.ask('GET', '/api/marketplace/plugins', undefined, headersOf())
  expect(status).toBe(503)
  expect(headers.get('retry-after')).toBe('5')
  expect(body).not.toHaveProperty('is_valid')
})
