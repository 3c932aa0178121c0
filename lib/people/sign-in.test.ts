import { createHash, createHmac } from 'node:crypto'
import { and, count, eq } from 'drizzle-orm'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { auditEntries } from '@/db/schema/audit'
import { people, sessions } from '@/db/schema/people'
import { signIns } from '@/db/schema/sign-ins'
import { asSystem } from '@/db/scope'
import { newId } from '@/lib/ids'
import { openText } from '@/lib/keys/vault'
import type { Language } from '@/lib/messages/translator'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { completeSignIn } from './complete-sign-in'
import { askedIn, linkState } from './queries'
import { isKnownBrowser, requestSignIn } from './request-sign-in'
import { endAllSessions, endSession, sessionOf, setLanguage } from './session'
import { newToken } from './tokens'

const database = await productDatabase({ DATABASE_POOL_SIZE: '60' })
const stress = Boolean(process.env.STRESS)
const stranger = { actor: { kind: 'stranger' } } as const
const minute = 60_000
const hour = 60 * minute

const worker = new pg.Pool({ connectionString: database.workerUrl, max: 2 })
afterAll(() => worker.end())

// The product's clock is the process's; the database's own is never asked.
const start = new Date('2026-03-02T09:00:00Z')
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: start }))
afterEach(() => void vi.useRealTimers())
const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds)

let counter = 0
const freshEmail = () => `person${++counter}@acme.example`
const freshNetwork = () => `10.${(++counter >> 16) & 255}.${(counter >> 8) & 255}.${counter & 255}`

async function person(email = freshEmail(), language: Language = 'en') {
  const id = newId()
  await asSystem('test', (tx) => tx.insert(people).values({ id, email, language, createdAt: new Date() }))
  return { id, email }
}

interface Asking {
  browser?: string
  known?: boolean
  network?: string
  returnTo?: string | null
}

async function ask(
  email: string,
  { browser = newToken(), known = false, network = freshNetwork(), returnTo = null }: Asking = {},
) {
  await requestSignIn(stranger, { email, browser, known, networkAddress: network, returnTo, language: 'en' })
  const { rows } = await worker.query<{ payload: { signInId: string; sealed: string } }>(
    'select payload from graphile_worker._private_jobs order by id desc limit 1',
  )
  const [job] = rows
  if (!job) throw new Error('no job was enqueued')
  const secrets: { code: string; link: string } = JSON.parse(
    openText(job.payload.sealed, job.payload.signInId),
  )
  return { ...secrets, browser, id: job.payload.signInId }
}

const device = 'a test'
const byCode = (browser: string, code: string, language: Language | null = null) =>
  completeSignIn(stranger, { browser, device, language, proof: { kind: 'code', code } })
const byLink = (browser: string, link: string, language: Language | null = null) =>
  completeSignIn(stranger, { browser, device, language, proof: { kind: 'link', link } })
const otherCode = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

async function signedIn(email: string) {
  const { browser, code } = await ask(email)
  const result = await byCode(browser, code)
  if (!result.ok) throw new Error(result.because)
  return { ...result, browser }
}

const sessionsOf = (personId: string) =>
  asSystem('test', (tx) => tx.select().from(sessions).where(eq(sessions.userId, personId)))

describe('a code', () => {
  test('signs in, in the browser that asked, and says where one was going', async () => {
    const { id, email } = await person()
    const { browser, code } = await ask(email, { returnTo: '/acme/keys' })
    const result = await byCode(browser, ` ${code.slice(0, 3)} ${code.slice(3)} `)
    expect(result).toMatchObject({ ok: true, returnTo: '/acme/keys' })
    if (!result.ok) return
    expect(await sessionOf(result.sessionToken)).toMatchObject({ personId: id, email, memberships: [] })
  })

  test('brings the language that was chosen in this browser along; without a choice the person’s own stays', async () => {
    const { email } = await person(undefined, 'fr')
    const languageAfter = async (chosen: Language | null, by: typeof byCode | typeof byLink) => {
      const { browser, code, link } = await ask(email)
      const result = await by(browser, by === byCode ? code : link, chosen)
      return result.ok ? (await sessionOf(result.sessionToken))?.language : result.because
    }
    expect(await languageAfter(null, byCode)).toBe('fr')
    expect(await languageAfter('en', byCode)).toBe('en')
    expect(await languageAfter(null, byLink)).toBe('en')
    expect(await languageAfter('fr', byLink)).toBe('fr')
  })

  test('changes no language when it is wrong', async () => {
    const { id, email } = await person(undefined, 'fr')
    const { browser, code } = await ask(email)
    await byCode(browser, otherCode(code), 'en')
    const [stored] = await asSystem('test', (tx) => tx.select().from(people).where(eq(people.id, id)))
    expect(stored?.language).toBe('fr')
  })

  test('is good once', async () => {
    const { email } = await person()
    const { browser, code, link } = await ask(email)
    expect(await byCode(browser, code)).toMatchObject({ ok: true })
    expect(await byCode(browser, code)).toEqual({ ok: false, because: 'used' })
    expect(await byLink(browser, link)).toEqual({ ok: false, because: 'used' })
  })

  test('dies with the fifth wrong try, and its link with it', async () => {
    const { id, email } = await person()
    const { browser, code, link } = await ask(email)
    for (const triesLeft of [4, 3, 2, 1]) {
      expect(await byCode(browser, otherCode(code))).toEqual({ ok: false, because: 'wrong_code', triesLeft })
    }
    expect(await byCode(browser, otherCode(code))).toEqual({ ok: false, because: 'too_many_tries' })
    expect(await byCode(browser, code)).toEqual({ ok: false, because: 'too_many_tries' })
    expect(await byLink(browser, link)).toEqual({ ok: false, because: 'too_many_tries' })
    expect(await sessionsOf(id)).toHaveLength(0)
  })

  test('leaves each wrong try in the trail, with why it was refused', async () => {
    const { email } = await person()
    const { browser, code, id } = await ask(email)
    for (let wrong = 0; wrong < 5; wrong++) await byCode(browser, otherCode(code))
    const entries = await rowsOf<{ outcome: string; because: string }>(
      database,
      `select outcome, details ->> 'because' as because from audit_entries
       where action = 'sign_in.complete' and details ->> 'signIn' = $1 order by sequence`,
      [id],
    )
    expect(entries).toEqual(
      [...Array(4).fill('wrong_code'), 'too_many_tries'].map((because) => ({ outcome: 'refused', because })),
    )
  })

  test('cannot be guessed by many at once: five tries are counted, whatever their number', async () => {
    const { email } = await person()
    const { browser, code } = await ask(email)
    const wrong = await Promise.all(Array.from({ length: 40 }, () => byCode(browser, otherCode(code))))
    expect(wrong.filter((result) => !result.ok && result.because === 'wrong_code')).toHaveLength(4)
    expect(await byCode(browser, code)).toMatchObject({ ok: false, because: 'too_many_tries' })
  })

  test('is worth nothing in another browser', async () => {
    const { email } = await person()
    const { code, browser } = await ask(email)
    expect(await byCode(newToken(), code)).toEqual({ ok: false, because: 'expired' })
    expect(await byCode(browser, code)).toMatchObject({ ok: true })
  })

  test('of an earlier mail is not the code of the last', async () => {
    const { email } = await person()
    const first = await ask(email)
    pass(minute)
    const second = await ask(email, { browser: first.browser })
    expect(
      await byCode(first.browser, first.code === second.code ? otherCode(second.code) : first.code),
    ).toMatchObject({
      because: 'wrong_code',
    })
    expect(await byCode(first.browser, second.code)).toMatchObject({ ok: true })
  })
})

describe('a link', () => {
  test('signs in, in the browser that asked', async () => {
    const { email } = await person()
    const { browser, link } = await ask(email)
    expect(await byLink(browser, link)).toMatchObject({ ok: true })
    expect(await byLink(browser, link)).toEqual({ ok: false, because: 'used' })
  })

  test('is refused in another browser, and stays good in its own', async () => {
    const { id, email } = await person()
    const { browser, link } = await ask(email)
    expect(await byLink(newToken(), link)).toEqual({ ok: false, because: 'other_browser' })
    expect(await sessionsOf(id)).toHaveLength(0)
    expect(await byLink(browser, link)).toMatchObject({ ok: true })
  })

  test('looked at 20 times is as good as before, and tells another browser nothing', async () => {
    const { email } = await person()
    const { browser, link } = await ask(email)
    for (let look = 0; look < 20; look++) {
      expect(await linkState(link, null)).toEqual({ ok: false, because: 'other_browser' })
    }
    expect(await linkState(link, browser)).toEqual({ ok: true, email, trial: null })
    expect(await byLink(browser, link)).toMatchObject({ ok: true })
    expect(await linkState(link, browser)).toEqual({ ok: false, because: 'used' })
  })

  test('that nobody made is over', async () => {
    expect(await byLink(newToken(), newToken())).toEqual({ ok: false, because: 'expired' })
    expect(await linkState('', null)).toEqual({ ok: false, because: 'expired' })
  })
})

test('code and link are good for 10 minutes', async () => {
  const { email } = await person()
  const early = await ask(email)
  pass(10 * minute - 1)
  expect(await byCode(early.browser, early.code)).toMatchObject({ ok: true })
  const late = await ask(email)
  pass(10 * minute)
  expect(await byCode(late.browser, late.code)).toEqual({ ok: false, because: 'expired' })
  expect(await byLink(late.browser, late.link)).toEqual({ ok: false, because: 'expired' })
})

test('where a sign-in leads is not in the database as it is: an invitation’s token lets in', async () => {
  const { email } = await person()
  const token = newToken()
  const returnTo = `/invitation?token=${token}`
  const { browser, code, id } = await ask(email, { returnTo })
  const stored = () =>
    worker.query('select return_to, sign_ins::text as row from sign_ins where id = $1', [id])
  const [row] = (await stored()).rows
  expect(row.return_to).not.toBeNull()
  expect(row.row).not.toContain(token)
  expect(await askedIn(browser)).toMatchObject({ returnTo })
  expect(await byCode(browser, code)).toMatchObject({ ok: true, returnTo })
})

test('a place that cannot be read any more, or that the version before has stored, does not keep anybody out', async () => {
  for (const stored of ['/acme/keys', '9.AAAA']) {
    const { email } = await person()
    const { browser, code, id } = await ask(email, { returnTo: '/acme' })
    await worker.query('update sign_ins set return_to = $2 where id = $1', [id, stored])
    expect(await askedIn(browser)).toMatchObject({ email, returnTo: null })
    expect(await byCode(browser, code)).toMatchObject({ ok: true, returnTo: null })
  }
})

test('an unknown address is answered like a known one, and nobody gets in by it', async () => {
  const unknown = freshEmail()
  const { browser, code } = await ask(unknown, { returnTo: '/acme' })
  expect(await askedIn(browser)).toEqual({ email: unknown, returnTo: '/acme', language: 'en', trial: null })
  expect(await byCode(browser, otherCode(code))).toEqual({ ok: false, because: 'wrong_code', triesLeft: 4 })
  expect(await byCode(browser, code)).toEqual({ ok: false, because: 'expired' })
})

test('an address is the same however it is written', async () => {
  const { email } = await person()
  const { browser, code } = await ask(`  ${email.toUpperCase()} `)
  expect(await byCode(browser, code)).toMatchObject({ ok: true })
  expect(await isKnownBrowser(` ${email.toUpperCase()}`, browser)).toBe(true)
})

test.each([
  '',
  'ada',
  'ada@',
  'ada@acme',
  `${'a'.repeat(250)}@acme.example`,
  'ada@acme.example\nBcc: eve@evil.example',
])('what is no address is told so: %j', async (email) => {
  await expect(ask(email)).rejects.toMatchObject({ code: 'invalid_input' })
})

describe('mails are limited', () => {
  const tooMany = { code: 'too_many' }

  test('to five per address and hour', async () => {
    const { email } = await person()
    for (let mail = 0; mail < 5; mail++) await ask(email)
    await expect(ask(email)).rejects.toMatchObject(tooMany)
    pass(hour + minute)
    await ask(email)
  })

  test('to twenty per network and hour', async () => {
    const network = freshNetwork()
    for (let mail = 0; mail < 20; mail++) await ask(freshEmail(), { network })
    await expect(ask(freshEmail(), { network })).rejects.toMatchObject(tooMany)
    await ask(freshEmail())
  })

  test('and a network is a whole /64 of IPv6', async () => {
    for (let mail = 0; mail < 20; mail++) await ask(freshEmail(), { network: `2001:db8:7:7::${mail}` })
    await expect(ask(freshEmail(), { network: '2001:db8:7:7:aaaa::1' })).rejects.toMatchObject(tooMany)
  })

  test('to five of its own for a browser that has signed in with the address before', async () => {
    const { email } = await person()
    const { browser } = await signedIn(email)
    expect(await isKnownBrowser(email, browser)).toBe(true)
    expect(await isKnownBrowser(email, newToken())).toBe(false)
    expect(await isKnownBrowser(freshEmail(), browser)).toBe(false)
    for (let mail = 0; mail < 5; mail++) await ask(email, { browser, known: true })
    await expect(ask(email, { browser, known: true })).rejects.toMatchObject(tooMany)
    // Each such browser has its own.
    await ask(email, { browser: (await signedIn(email)).browser, known: true })
  })
})

describe('a session', () => {
  test('ends after 12 hours without use, and each use begins them anew', async () => {
    const { email } = await person()
    const { sessionToken } = await signedIn(email)
    pass(11 * hour)
    expect(await sessionOf(sessionToken)).not.toBeNull()
    pass(11 * hour)
    expect(await sessionOf(sessionToken)).not.toBeNull()
    pass(12 * hour)
    expect(await sessionOf(sessionToken)).toBeNull()
  })

  test('ends after 30 days, however much it is used', async () => {
    const { email } = await person()
    const { sessionToken } = await signedIn(email)
    for (let half = 0; half < 60; half++) {
      expect(await sessionOf(sessionToken)).not.toBeNull()
      pass(12 * hour - (half === 59 ? 0 : 1))
    }
    pass(60)
    expect(await sessionOf(sessionToken)).toBeNull()
  })

  test('that was signed out is over, and the others are not', async () => {
    const { id, email } = await person()
    const [first, second] = [await signedIn(email), await signedIn(email)]
    const self = { actor: { kind: 'person', personId: id } } as const
    await endSession(self, { token: first.sessionToken })
    expect(await sessionOf(first.sessionToken)).toBeNull()
    expect(await sessionOf(second.sessionToken)).not.toBeNull()
  })

  test('is over with all others of the person after signing out everywhere', async () => {
    const { id, email } = await person()
    const other = await signedIn((await person()).email)
    const own = [await signedIn(email), await signedIn(email), await signedIn(email)]
    await endAllSessions({ actor: { kind: 'person', personId: id } }, {})
    for (const { sessionToken } of own) expect(await sessionOf(sessionToken)).toBeNull()
    expect(await sessionOf(other.sessionToken)).not.toBeNull()
  })

  test('is stored as a hash, so that a copy of the table signs nobody in', async () => {
    const { id, email } = await person()
    const { sessionToken } = await signedIn(email)
    const [row] = await sessionsOf(id)
    expect(row?.sessionToken).not.toBe(sessionToken)
    expect(await sessionOf(row?.sessionToken ?? '')).toBeNull()
  })

  test('speaks the language that the person chose', async () => {
    const { id, email } = await person()
    const { sessionToken } = await signedIn(email)
    await setLanguage({ actor: { kind: 'person', personId: id } }, { language: 'fr' })
    expect(await sessionOf(sessionToken)).toMatchObject({ language: 'fr' })
  })
})

describe('a browser that is new', () => {
  const told = async (personId: string) => {
    const { rows } = await worker.query<{ payload: Record<string, string> }>(
      `select payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
       where t.identifier = 'mail.new_device' and payload ->> 'personId' = $1 order by j.id`,
      [personId],
    )
    return rows.map(({ payload }) => payload)
  }

  test('is told by mail, with its name and when; not the first of all, and none a second time', async () => {
    const { id, email } = await person()
    const { browser: first } = await signedIn(email)
    expect(await told(id)).toEqual([])
    const { browser, code } = await ask(email)
    pass(minute)
    const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
    await completeSignIn(stranger, { browser, device: agent, language: null, proof: { kind: 'code', code } })
    const [session] = (await sessionsOf(id)).filter(({ device }) => device === 'Firefox/Linux')
    const mail = {
      personId: id,
      sessionId: session?.id,
      device: 'Firefox/Linux',
      at: new Date().toISOString(),
    }
    expect(await told(id)).toEqual([mail])
    for (const again of [first, browser]) {
      const { link } = await ask(email, { browser: again })
      expect(await byLink(again, link)).toMatchObject({ ok: true })
    }
    expect(await told(id)).toEqual([mail])
  })

  test('is not told where it did not get in', async () => {
    const { id, email } = await person()
    await signedIn(email)
    const { browser, code } = await ask(email)
    await byCode(browser, otherCode(code))
    expect(await told(id)).toEqual([])
  })

  test('of two at once that are a person’s first, one is', async () => {
    const { id, email } = await person()
    const asked = [await ask(email), await ask(email)]
    await Promise.all(asked.map(({ browser, code }) => byCode(browser, code)))
    expect(await told(id)).toHaveLength(1)
  })
})

const rounds = stress ? 200 : 10
test(`[C9] a link and a code used 50 times at once make one session (${rounds} rounds)`, async () => {
  for (let round = 0; round < rounds; round++) {
    const { id, email } = await person()
    const { browser, code, link } = await ask(email)
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, n) => (n % 2 ? byCode(browser, code) : byLink(browser, link))),
    )
    expect(results.filter(({ ok }) => ok)).toHaveLength(1)
    expect(results.filter((result) => !result.ok && result.because === 'used')).toHaveLength(49)
    expect(await sessionsOf(id)).toHaveLength(1)
  }
}, 600_000)

const codes = 1_000
test(`[A10] a dump with ${codes} open codes gives none of them away`, async () => {
  const asked = []
  for (let n = 0; n < codes; n++) asked.push(await ask(freshEmail()))
  const rows = await asSystem('test', (tx) => tx.select().from(signIns))
  const stored = new Map(rows.map((row) => [row.id, row.codeHmac.toString('hex')]))
  const sha = (text: string) => createHash('sha256').update(text).digest('hex')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest('hex')
  // A search through all million codes finds one exactly when the right code gives what is stored. So the right one is
  // tried, in each form that somebody who knows this source, but not the secret, could search.
  const found = asked.filter(({ id, code }) => {
    const texts = [code, `code:${code}`, `${id}:${code}`, `code:${id}:${code}`]
    const keys = ['', id, code, 'code', Buffer.from(id.replaceAll('-', ''), 'hex'), Buffer.alloc(32)]
    const guesses = texts.flatMap((text) => [sha(text), ...keys.map((key) => hmac(key, text))])
    return guesses.includes(stored.get(id) ?? '')
  })
  expect(found).toHaveLength(0)
  // The control: with the secret the same search finds each, so the search itself is right.
  const secret = Buffer.from(process.env.SIGN_IN_SECRET ?? '', 'base64')
  const known = asked.filter(({ id, code }) => hmac(secret, `code:${id}:${code}`) === stored.get(id))
  expect(known).toHaveLength(codes)
  // Two rows with the same code look different, so that one's own code does not reveal another's.
  expect(new Set(stored.values()).size).toBe(rows.length)

  const links = new Set(asked.map(({ link }) => link))
  const { rows: jobs } = await worker.query<{ text: string }>(
    'select jobs::text as text from graphile_worker._private_jobs as jobs',
  )
  const told = jobs.filter(
    ({ text }) => /"(code|link)"/.test(text) || [...links].some((link) => text.includes(link)),
  )
  expect(told).toHaveLength(0)
}, 120_000)

const floods = 100
test(`[A10] a flood of mails for a person keeps no known browser out (${floods} of ${floods})`, async () => {
  let entered = 0
  for (let n = 0; n < floods; n++) {
    const { email } = await person()
    const { browser } = await signedIn(email)
    const network = freshNetwork()
    const flood = await Promise.allSettled(
      Array.from({ length: 8 }, () =>
        requestSignIn(stranger, {
          email,
          browser: newToken(),
          known: false,
          networkAddress: network,
          returnTo: null,
          language: 'en',
        }),
      ),
    )
    expect(flood.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
    const { code } = await ask(email, { browser, known: await isKnownBrowser(email, browser), network })
    if ((await byCode(browser, code)).ok) entered++
  }
  expect(entered).toBe(floods)
}, 120_000)

test('of links that nobody made a stranger leaves a hundred entries an hour in the trail, however many are tried', async () => {
  const refusals = async () => {
    const [row] = await asSystem('test', async (tx) =>
      tx
        .select({ n: count() })
        .from(auditEntries)
        .where(and(eq(auditEntries.action, 'sign_in.complete'), eq(auditEntries.outcome, 'refused'))),
    )
    return row?.n ?? 0
  }
  await worker.query(`delete from rate_limits where key = 'attempt:strangers'`)
  const before = await refusals()
  for (let trial = 0; trial < 110; trial++) await byLink(newToken(), newToken())
  // The hundred, and the one that says that there were more.
  expect((await refusals()) - before).toBe(101)
})
