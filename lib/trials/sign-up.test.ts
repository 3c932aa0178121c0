import { randomUUID } from 'node:crypto'
import PostalMime from 'postal-mime'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { asSystem } from '@/db/scope'
import { openText } from '@/lib/keys/vault'
import { withdrawRequest } from '@/lib/organizations/reply'
import { completeSignIn } from '@/lib/people/complete-sign-in'
import { requestSignIn } from '@/lib/people/request-sign-in'
import { sendTrialConfirm } from '@/lib/people/send-trial-confirm'
import { newToken } from '@/lib/people/tokens'
import { decideRequest } from '@/lib/staff/decide'
import { startTrialOrAsk } from '@/lib/trials/start'
import {
  byStaff,
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  makeStaff,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { askToJoinByDomain } from './ask-to-join'
import { beginSignedUp } from './begin-signed-up'
import { forgetSignUps } from './forget-sign-ups'
import { sendTrialWaits } from './send-waits'
import { settleSignUp } from './settle-sign-up'
import { signUpForTrial } from './sign-up'
import { signUpOf } from './sign-ups'

const sink = await startMailSink()
const database = await productDatabase({ SMTP_URL: sink.url, DATABASE_POOL_SIZE: '60' })
const stranger = { actor: { kind: 'stranger' } } as const
let forms: string
let customer: Fixture
let counter = 0

beforeAll(async () => {
  await makeCatalog()
  forms = await productId(database, 'forms')
  customer = await makeOrganization('customer')
  // Who has signed in once has confirmed their address.
  await rowsOf(database, `update people set email_verified = now() where email like '%@customer.example'`)
})
beforeEach(async () => {
  sink.received.splice(0)
  await rowsOf(database, 'delete from rate_limits')
})

interface Asking {
  email?: string
  url?: string | null
  network?: string
  organizationName?: string
  timeZone?: string | null
}

const freshNetwork = () => `10.9.${(++counter >> 8) & 255}.${counter & 255}`
const signUpInput = ({
  email,
  url,
  network,
  organizationName = 'Harbour Clinic',
  ...asked
}: Asking = {}) => ({
  productId: forms,
  email: email ?? `ann@clinic${++counter}.example`,
  organizationName,
  url: url === undefined ? `https://glpi.clinic${++counter}.example` : url,
  language: 'en' as const,
  timeZone: asked.timeZone === undefined ? 'America/Santiago' : asked.timeZone,
  browser: newToken(),
  networkAddress: network ?? freshNetwork(),
})

/** What was typed, and what the mail of it would say. */
async function signedUp(asking: Asking = {}) {
  const input = signUpInput(asking)
  const { signUpId } = await signUpForTrial(stranger, input)
  return { ...input, signUpId, ...(await mailed(input.email)) }
}

async function mailed(email: string) {
  const [job] = await rowsOf<{ payload: { signInId: string; sealed: string } }>(
    database,
    `select j.payload from graphile_worker._private_jobs j join sign_ins s on s.id::text = j.payload ->> 'signInId'
     where s.email = $1 order by j.id desc limit 1`,
    [email],
  )
  if (!job) throw new Error('a mail was asked for')
  const { code } = JSON.parse(openText(job.payload.sealed, job.payload.signInId))
  return { payload: job.payload, code: String(code) }
}

const confirm = ({ browser, code }: { browser: string; code: string }) =>
  completeSignIn(stranger, { browser, device: '', language: null, proof: { kind: 'code', code } })

/** From the form to what follows, as the page does it. */
async function settled(asking: Asking = {}) {
  const asked = await signedUp(asking)
  expect(await confirm(asked)).toMatchObject({ ok: true, trialSignUpId: asked.signUpId })
  await settleSignUp(asked.signUpId)
  return { ...asked, ...(await outcomeOf(asked.signUpId)) }
}

async function outcomeOf(signUpId: string) {
  const [row] = await rowsOf<{
    outcome: string
    organization_id: string
    person_id: string
    key_id: string | null
    request_id: string | null
    doubt: string | null
  }>(database, 'select * from trial_sign_ups where id = $1', [signUpId])
  if (!row) throw new Error('it was just made')
  return row
}

const countOf = async (table: string, organizationId: string) =>
  (
    await rowsOf<{ n: number }>(
      database,
      `select count(*)::int as n from ${table} where organization_id = $1`,
      [organizationId],
    )
  )[0]?.n

test('a stranger who confirms the address has an organization, its owner, its GLPI and a trial key', async () => {
  const {
    outcome,
    organization_id: id,
    person_id: personId,
    key_id: keyId,
    email,
    signUpId,
  } = await settled({
    organizationName: 'Harbour  Clinic',
  })
  expect(outcome).toBe('own')
  const [made] = await rowsOf(
    database,
    `select o.name, o.slug, o.time_zone, m.role, p.email, p.time_zone as zone, p.email_verified is not null as verified, k.kind,
       a.url, i.environment
     from organizations o join memberships m on m.organization_id = o.id join people p on p.id = m.person_id
       join keys k on k.organization_id = o.id join instances i on i.id = k.instance_id
       join instance_addresses a on a.instance_id = i.id where o.id = $1 and k.id = $2`,
    [id, keyId],
  )
  const zone = 'America/Santiago'
  expect(made).toMatchObject({ role: 'owner', email, time_zone: zone, zone, verified: true, kind: 'trial' })
  expect(made).toMatchObject({ slug: 'harbour-clinic', environment: 'production' })
  expect(await signUpOf(personId, signUpId)).toMatchObject({ outcome: 'own', keyId, slug: 'harbour-clinic' })
  expect(await signUpOf(customer.people.owner, signUpId)).toBeUndefined()
})

test.each([null, 'Mars/Olympus', 'utc'])(
  'a browser whose time zone is %s gets the usual one',
  async (timeZone) => {
    const { organization_id: id } = await settled({ timeZone })
    const [made] = await rowsOf(database, 'select time_zone from organizations where id = $1', [id])
    expect(made).toEqual({ time_zone: 'Europe/Paris' })
  },
)

test('a second organization of that name gets a slug of its own', async () => {
  const ids = [
    await settled({ organizationName: 'Twice' }),
    await settled({ organizationName: 'Twice' }),
  ].map(({ organization_id }) => organization_id)
  const slugs = await rowsOf<{ slug: string }>(
    database,
    'select slug from organizations where id = any($1)',
    [ids],
  )
  expect(slugs.map(({ slug }) => slug.replace(/-[\da-f]{6}$/, '-x')).sort()).toEqual(['twice', 'twice-x'])
})

describe('refused before anything is kept', () => {
  test.each([
    ['a disposable address', { email: 'ann@mailinator.com' }, { email: 'email_disposable' }],
    ['one below a disposable domain', { email: 'ann@x.mailinator.com' }, { email: 'email_disposable' }],
    ['no address', { email: 'ann' }, { email: 'email' }],
    ['no organization', { organizationName: ' ' }, { organizationName: 'required' }],
    ['no URL', { url: null }, { url: 'url_empty' }],
    ['another URL', { url: 'ftp://glpi.example' }, { url: 'url_scheme' }],
  ])('%s', async (_, asking, fields) => {
    const before = await rowsOf(database, 'select id from trial_sign_ups')
    await expect(signUpForTrial(stranger, signUpInput(asking))).rejects.toMatchObject({ fields })
    expect(await rowsOf(database, 'select id from trial_sign_ups')).toHaveLength(before.length)
  })

  test.each([
    ['tags', 'open_source'],
    ['legacy', 'no_trial'],
  ] as const)('%s: %s', async (reference, code) => {
    const input = { ...signUpInput(), productId: await productId(database, reference) }
    await expect(signUpForTrial(stranger, input)).rejects.toMatchObject({ code })
  })

  test('a sixth mail to one address within an hour, and a twenty-first of one network', async () => {
    const email = 'often@clinic.example'
    const answers = async (count: number, asking: () => Asking) => {
      const all = []
      for (let n = 0; n < count; n++)
        all.push(
          await signUpForTrial(stranger, signUpInput(asking())).then(
            () => 'asked',
            ({ code }) => code,
          ),
        )
      return all
    }
    expect(await answers(6, () => ({ email }))).toEqual([...Array(5).fill('asked'), 'too_many'])
    const network = freshNetwork()
    expect(await answers(21, () => ({ network }))).toEqual([...Array(20).fill('asked'), 'too_many'])
  })
})

test('[A13] until the address is confirmed a customer’s domain, URL or address are answered, kept and mailed like unknown ones', async () => {
  const known = await makeInstance(customer, 'known')
  await rowsOf(database, `update instances set installation_id = 'known' where id = $1`, [known])
  const cases: Asking[] = [
    {},
    { email: 'new@customer.example' },
    { email: 'owner@customer.example' },
    { email: 'viewer@customer.example', url: 'https://known.customer.example/glpi' },
    { url: 'https://known.customer.example/glpi' },
  ]
  const seen = []
  for (const asking of cases) {
    sink.received.splice(0)
    const [tables, jobs] = [await counts(), await jobNames()]
    const { email, signUpId, payload, browser } = await signedUp(asking)
    await sendTrialConfirm(payload)
    const [raw] = sink.received
    const mail = await PostalMime.parse(raw?.data ?? '')
    const wrong = await completeSignIn(stranger, {
      ...{ browser, device: '', language: null },
      proof: { kind: 'code', code: 'none' },
    })
    const after = await counts()
    const plain = (text = '') =>
      text
        .replaceAll(email, '')
        .replace(/\d{6}|token=[\w-]+|\d\d:\d\d/g, '')
        .replace(/\s+/g, ' ')
    seen.push({
      wrong,
      added: Object.fromEntries(Object.entries(after).map(([name, n]) => [name, n - (tables[name] ?? 0)])),
      jobs: (await jobNames()).slice(jobs.length),
      mails: sink.received.length,
      to: mail.to?.map(({ address }) => address === email),
      mail: [plain(mail.subject), plain(mail.text)],
      outcome: (await outcomeOf(signUpId)).outcome,
    })
  }
  expect(seen[0]).toMatchObject({ mails: 1, jobs: ['mail.trial_confirm'], outcome: null })
  expect(seen[0]?.added).toMatchObject({ people: 0, organizations: 0, memberships: 0 })
  for (const one of seen) expect(one).toEqual(seen[0])
  console.log(`[A13] ${cases.length} strangers`)
})

async function counts(): Promise<Record<string, number>> {
  const [row] = await rowsOf<Record<string, number>>(
    database,
    `select (select count(*)::int from people) as people, (select count(*)::int from organizations) as organizations,
       (select count(*)::int from memberships) as memberships, (select count(*)::int from sign_ins) as sign_ins,
       (select count(*)::int from trial_sign_ups) as sign_ups, (select count(*)::int from audit_entries) as entries`,
  )
  return row ?? {}
}
const jobNames = async () =>
  (
    await rowsOf<{ name: string }>(
      database,
      `select t.identifier as name from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
       order by j.id`,
    )
  ).map(({ name }) => name)

describe('once the address is confirmed', () => {
  test('who is a member already is led there, and gets no second organization', async () => {
    const { outcome, organization_id } = await settled({ email: 'technical@customer.example' })
    expect({ outcome, organization_id }).toEqual({
      outcome: 'member',
      organization_id: customer.organizationId,
    })
  })

  test('one of the vendor’s people gets nothing', async () => {
    await makeStaff(customer)
    const before = await counts()
    expect(await settled({ email: 'manager@northwind.example' })).toMatchObject({
      outcome: 'staff',
      organization_id: null,
    })
    expect((await counts()).organizations).toBe(before.organizations)
  })

  test('of a domain whose owner has confirmed theirs, one may ask to join, and nothing else is made', async () => {
    const {
      outcome,
      organization_id: organizationId,
      person_id: personId,
      signUpId,
    } = await settled({
      email: 'new@it.customer.example',
    })
    expect({ outcome, organizationId }).toEqual({ outcome: 'joins', organizationId: customer.organizationId })
    const by = { actor: { kind: 'person', personId }, organizationId } as const
    await askToJoinByDomain(by, { signUpId })
    await askToJoinByDomain(by, { signUpId })
    const asked = await rowsOf(
      database,
      `select asked_by_id from requests where organization_id = $1 and kind = 'join'`,
      [organizationId],
    )
    expect(asked).toEqual([{ asked_by_id: personId }])
    const other = { ...by, actor: { kind: 'person', personId: customer.people.viewer } } as const
    await expect(askToJoinByDomain(other, { signUpId })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('neither a domain whose owner has not confirmed it nor one of a viewer belongs to an organization', async () => {
    const town = await makeOrganization('unconfirmed')
    expect(await settled({ email: 'new@unconfirmed.example' })).toMatchObject({ outcome: 'own' })
    await rowsOf(
      database,
      `update people set email_verified = now(), email = 'viewer@elsewhere.example' where id = $1`,
      [town.people.viewer],
    )
    expect(await settled({ email: 'new@elsewhere.example' })).toMatchObject({ outcome: 'own' })
  })

  test('a public mail domain belongs to nobody', async () => {
    await rowsOf(database, `update people set email = 'somebody@gmail.com' where id = $1`, [
      customer.people.owner,
    ])
    try {
      expect(await settled({ email: 'else@gmail.com' })).toMatchObject({ outcome: 'own' })
    } finally {
      await rowsOf(database, `update people set email = 'owner@customer.example' where id = $1`, [
        customer.people.owner,
      ])
    }
  })

  test('of two colleagues at once one gets the organization, and the other may ask to join it', async () => {
    for (let round = 0; round < 5; round++) {
      const emails = ['ann', 'bob'].map((name) => `${name}@both${round}.example`)
      const asked = await Promise.all(emails.map((email) => signedUp({ email })))
      for (const one of asked) await confirm(one)
      await Promise.all(asked.map(({ signUpId }) => settleSignUp(signUpId)))
      const outcomes = await Promise.all(asked.map(({ signUpId }) => outcomeOf(signUpId)))
      expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['joins', 'own'])
      expect(new Set(outcomes.map(({ organization_id }) => organization_id)).size).toBe(1)
    }
  })

  test('a person’s two sign-ups make one organization', async () => {
    const email = 'twice@two.example'
    const asked = [await signedUp({ email }), await signedUp({ email })]
    for (const one of asked) expect(await confirm(one)).toMatchObject({ ok: true })
    await Promise.all(asked.map(({ signUpId }) => settleSignUp(signUpId)))
    const outcomes = await Promise.all(asked.map(({ signUpId }) => outcomeOf(signUpId)))
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['member', 'own'])
  })
})

describe('what is in doubt waits for the account manager', () => {
  const waiting = async (asking: Asking) => {
    const { outcome, organization_id: id, key_id: keyId, request_id: requestId } = await settled(asking)
    const [request] = await rowsOf<{ kind: string; doubt: string }>(
      database,
      'select kind, doubt from requests where id = $1',
      [requestId],
    )
    expect(outcome).toBe('own')
    return { id, keyId, requestId: requestId ?? '', request, instances: await countOf('instances', id) }
  }

  const openOf = async (organizationId: string) => {
    const [open] = await rowsOf<{ id: string }>(
      database,
      'select id from requests where organization_id = $1 and closed_at is null',
      [organizationId],
    )
    return open?.id
  }

  test('the URL of another organization’s GLPI that has called, and mail says so', async () => {
    const called = await makeInstance(customer, 'called')
    await rowsOf(database, `update instances set installation_id = 'called' where id = $1`, [called])
    const { id, keyId, requestId, request, instances } = await waiting({
      url: 'http://www.called.customer.example:80/glpi/front/central.php',
    })
    expect({ keyId, request, instances }).toEqual({
      keyId: null,
      request: { kind: 'trial', doubt: 'known_elsewhere' },
      instances: 1,
    })
    sink.received.splice(0)
    await sendTrialWaits({ organizationId: id, requestId })
    await sendTrialWaits({ organizationId: id, requestId })
    const [mail] = await Promise.all(sink.received.map(({ data }) => PostalMime.parse(data)))
    expect([sink.received.length, mail?.subject]).toEqual([1, 'Your trial of Forms Pro waits'])
    expect(await jobNames()).toContain('mail.request_asked')
  })

  test('not the URL of one that has never called', async () => {
    await makeInstance(customer, 'quiet')
    expect(await settled({ url: 'https://quiet.customer.example/glpi' })).toMatchObject({
      key_id: expect.any(String),
      request_id: null,
    })
  })

  test('the fourth of one network within a day, in whatever order they are decided', async () => {
    const network = freshNetwork()
    const asked = []
    for (let n = 0; n < 5; n++) {
      const one = await signedUp({ network })
      await confirm(one)
      asked.push(one.signUpId)
    }
    for (const id of asked.toReversed()) await settleSignUp(id)
    const doubts = (await Promise.all(asked.map(outcomeOf))).map(({ doubt, key_id }) => [
      doubt,
      key_id !== null,
    ])
    expect(doubts).toEqual([...Array(3).fill([null, true]), ...Array(2).fill(['many_from_network', false])])
  })

  test('so does whatever else is tried in an organization in doubt, until an account manager has approved one', async () => {
    const network = freshNetwork()
    for (let n = 0; n < 3; n++) await confirm(await signedUp({ network }))
    const { id: organizationId, requestId } = await waiting({ network })
    const [found] = await rowsOf<{ person: string; instance: string }>(
      database,
      `select m.person_id as person, i.id as instance from memberships m join instances i using (organization_id)
       where organization_id = $1`,
      [organizationId],
    )
    const { person = '', instance = '' } = found ?? {}
    const branding = await productId(database, 'branding')
    const by = () => ({
      ...{ actor: { kind: 'member', personId: person } as const, organizationId },
      idempotencyKey: randomUUID(),
    })
    const start = () => startTrialOrAsk(by(), { productId: branding, instanceId: instance })
    const asked = await start()
    if (!('requestId' in asked)) throw new Error('it began')
    // Taking back what was asked helps nobody.
    await withdrawRequest(by(), { requestId: asked.requestId })
    expect(await start()).toEqual({ requestId: expect.any(String) })
    const { admin } = await makeStaff(customer)
    await decideRequest(byStaff(admin, { organizationId }), { requestId, answer: 'approved' })
    await decideRequest(byStaff(admin, { organizationId }), {
      requestId: (await openOf(organizationId)) ?? '',
      answer: 'declined',
      note: 'One is enough.',
    })
    expect(await start()).toEqual({ keyId: expect.any(String), shortId: expect.any(String) })
  })
})

const parallel = process.env.STRESS ? 500 : 50
test(`[C2] ${parallel} confirmations at once of one sign-up make one session, one organization and one key`, async () => {
  const asked = await signedUp()
  const answers = await Promise.all(Array.from({ length: parallel }, () => confirm(asked)))
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
  await Promise.all(Array.from({ length: parallel }, () => settleSignUp(asked.signUpId)))
  const { organization_id: id, key_id: keyId } = await outcomeOf(asked.signUpId)
  expect(await rowsOf(database, 'select id from keys where organization_id = $1', [id])).toEqual([
    { id: keyId },
  ])
  expect([await countOf('memberships', id), await countOf('instances', id)]).toEqual([1, 1])
  console.log(`[C2] ${parallel} confirmations`)
}, 120_000)

test('another mail confirms the same sign-up; of an answer that was lost it leads to the same key', async () => {
  const { email, browser, signUpId, key_id: keyId } = await settled()
  await requestSignIn(stranger, {
    ...{ email, browser, known: false, networkAddress: freshNetwork(), returnTo: null, language: 'en' },
    trialSignUpId: signUpId,
  })
  const { code } = await mailed(email)
  expect(await confirm({ browser, code })).toMatchObject({ ok: true, trialSignUpId: signUpId })
  await settleSignUp(signUpId)
  expect(await outcomeOf(signUpId)).toMatchObject({ key_id: keyId })
})

test('nobody begins what another one signed up for, nor what leads elsewhere', async () => {
  const asked = await signedUp()
  await confirm(asked)
  const { organizationId } = customer
  const by = { actor: { kind: 'member', personId: customer.people.owner }, organizationId } as const
  await expect(beginSignedUp(by, { signUpId: asked.signUpId })).rejects.toMatchObject({ code: 'not_found' })
  await expect(beginSignedUp(bySystem(organizationId), { signUpId: randomUUID() })).rejects.toMatchObject({
    code: 'forbidden',
  })
})

test('where the product cannot be tried any more, the organization and its GLPI are there all the same', async () => {
  const asked = await signedUp()
  await confirm(asked)
  await rowsOf(database, 'update products set trial_days = null where id = $1', [forms])
  try {
    await settleSignUp(asked.signUpId)
  } finally {
    await rowsOf(database, 'update products set trial_days = 15 where id = $1', [forms])
  }
  const { organization_id: id, key_id, request_id } = await outcomeOf(asked.signUpId)
  expect({ key_id, request_id, instances: await countOf('instances', id) }).toEqual({
    key_id: null,
    request_id: null,
    instances: 1,
  })
})

test('after 30 days who never confirmed is forgotten, and that somebody asked is not', async () => {
  const [never, own] = [await signedUp(), await settled()]
  const rows = () =>
    rowsOf<{ id: string }>(
      database,
      'select id, email, organization_name, url, network, product_id, confirmed_at from trial_sign_ups where id = any($1)',
      [[never.signUpId, own.signUpId]],
    )
  const before = await rows()
  const clean = (days: number) =>
    asSystem('a test', (tx) => forgetSignUps(tx, new Date(Date.now() + days * 86_400_000)))
  await clean(29)
  expect(await rows()).toEqual(before)
  await clean(31)
  const nobody = { email: null, organization_name: null, url: null }
  expect((await rows()).sort(byId)).toEqual(
    before.map((row) => ({ ...row, network: null, ...(row.id === never.signUpId && nobody) })).sort(byId),
  )
})

const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id)
