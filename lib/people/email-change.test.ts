import { randomUUID } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { VendorBy } from '@/lib/command'
import { DomainError } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { openText } from '@/lib/keys/vault'
import { inviteMember } from '@/lib/organizations/invite'
import {
  bySystem,
  type Fixture,
  makeOrganization,
  onConnection,
  productDatabase,
  rowsOf,
  somebodyWaits,
} from '@/sandbox/test/fixture'
import { completeSignIn } from './complete-sign-in'
import { confirmEmail } from './confirm-email'
import { changeOfLink, openChange } from './email-change'
import { requestEmail, withdrawEmail } from './request-email'
import { requestSignIn } from './request-sign-in'
import { sessionOf } from './session'
import { newToken, tokenHash } from './tokens'

const database = await productDatabase({ DATABASE_POOL_SIZE: '60' })
const stress = Boolean(process.env.STRESS)
const minute = 60_000
const start = new Date('2026-03-02T09:00:00Z')
let own: Fixture

beforeAll(async () => {
  own = await makeOrganization('acme')
})
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: start }))
afterEach(() => void vi.useRealTimers())
const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds)

let counter = 0
const freshEmail = () => `person${++counter}@acme.example`
const by = (personId: string): VendorBy => ({
  actor: { kind: 'person', personId },
  idempotencyKey: randomUUID(),
})

async function person(email = freshEmail()) {
  const id = newId()
  await rowsOf(
    database,
    'insert into people (id, email, email_verified, created_at) values ($1, $2, $3, $3)',
    [id, email, start],
  )
  return { id, email, token: await session(id) }
}
type Person = Awaited<ReturnType<typeof person>>

async function session(personId: string) {
  const token = newToken()
  await rowsOf(
    database,
    `insert into sessions (token_hash, person_id, expires, last_used_at, created_at, device) values ($1, $2, $3, $4, $4, '/')`,
    [tokenHash(token).toString('base64url'), personId, new Date(Date.now() + 30 * 86_400_000), new Date()],
  )
  return token
}

const jobsOf = (task: string) =>
  onConnection(database.workerUrl, async (client) => {
    const { rows } = await client.query<{ payload: Record<string, string> }>(
      `select payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
       where t.identifier = $1 order by j.id`,
      [task],
    )
    return rows.map(({ payload }) => payload)
  })

/** Asks for another address, and reads the links where only the mails have them. */
async function asked({ id }: Person, email = freshEmail()) {
  await requestEmail(by(id), { email })
  const jobs = (await jobsOf('mail.email_change')).slice(-2)
  const link = (side: string) => {
    const { changeId = '', sealed = '' } = jobs.find((job) => job.side === side) ?? {}
    return openText(sealed, `${changeId}.${side}`)
  }
  return { email, links: { old: link('old'), new: link('new') } }
}

const confirm = ({ id, token }: Person, link: string) => confirmEmail(by(id), { link, sessionToken: token })
const emailOf = async (id: string) =>
  (await rowsOf<{ email: string }>(database, 'select email from people where id = $1', [id]))[0]?.email
const entriesOf = (id: string) =>
  rowsOf<{ action: string; outcome: string; details: Record<string, unknown> }>(
    database,
    `select action, outcome, details from audit_entries where person_id = $1 and organization_id is null order by sequence`,
    [id],
  )
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof DomainError) return error.code
      throw error
    },
  )

describe('another address', () => {
  test.each([
    ['old', 'new'],
    ['new', 'old'],
  ] as const)(
    'is the person’s once both have confirmed it, %s before %s, and on record',
    async (first, second) => {
      const ada = await person()
      const { email, links } = await asked(ada)
      expect(await emailOf(ada.id)).toBe(ada.email)
      pass(minute)
      expect(await confirm(ada, links[first])).toEqual({ made: false })
      expect(await emailOf(ada.id)).toBe(ada.email)
      expect(await changeOfLink(ada.id, links[second])).toMatchObject({ side: second, last: true })
      expect(await confirm(ada, links[second])).toEqual({ made: true })
      expect(await emailOf(ada.id)).toBe(email)
      expect(await openChange(ada.id)).toBeNull()
      const change = expect.any(String)
      expect(await entriesOf(ada.id)).toEqual([
        { action: 'account.request_email', outcome: 'done', details: { person: ada.id, change } },
        {
          action: 'account.confirm_email',
          outcome: 'done',
          details: { person: ada.id, change, side: first },
        },
        {
          action: 'account.confirm_email',
          outcome: 'done',
          details: { person: ada.id, change, side: second, from: ada.email, to: email },
        },
      ])
    },
  )

  test('ends the other sessions; the one that made it goes on, and says the new address', async () => {
    const ada = await person()
    const other = await session(ada.id)
    const { email, links } = await asked(ada)
    await confirm(ada, links.new)
    expect(await sessionOf(other)).not.toBeNull()
    await confirm(ada, links.old)
    expect(await sessionOf(other)).toBeNull()
    expect(await sessionOf(ada.token)).toMatchObject({ email })
  })

  test('ends the sign-in mails of the old one, and whoever signs in with it afterwards is nobody', async () => {
    const ada = await person()
    const browser = newToken()
    const networkAddress = '192.0.2.1'
    const signIn = { browser, known: false, networkAddress, returnTo: null, language: 'en' } as const
    await requestSignIn({ actor: { kind: 'stranger' } }, { email: ada.email, ...signIn })
    const job = (await jobsOf('mail.sign_in')).at(-1)
    const { code } = JSON.parse(openText(job?.sealed ?? '', job?.signInId ?? ''))
    const { links } = await asked(ada)
    for (const link of [links.old, links.new]) await confirm(ada, link)
    const proof = { kind: 'code', code } as const
    const enter = () =>
      completeSignIn({ actor: { kind: 'stranger' } }, { browser, device: '', language: null, proof })
    expect(await enter()).toEqual({ ok: false, because: 'used' })
  })

  test('ends open invitations to the old one, in the trail of the organization that made them', async () => {
    const ada = await person()
    const { invitationId } = await inviteMember(bySystem(own.organizationId), {
      email: ada.email,
      role: 'billing',
    })
    const { links } = await asked(ada)
    for (const link of [links.old, links.new]) await confirm(ada, link)
    const [invitation] = await rowsOf(database, 'select withdrawn_at from invitations where id = $1', [
      invitationId,
    ])
    expect(invitation?.withdrawn_at).toEqual(new Date())
    const [last] = await rowsOf(
      database,
      `select action, actor, person_id, details from audit_entries where organization_id = $1 order by sequence desc limit 1`,
      [own.organizationId],
    )
    expect(last).toEqual({
      action: 'member.withdraw_invitation',
      actor: 'system',
      person_id: null,
      details: { email: ada.email, role: 'billing' },
    })
  })

  test('is refused where it is the same, or none', async () => {
    const ada = await person()
    for (const [email, because] of [
      [` ${ada.email.toUpperCase()}`, 'email_same'],
      ['ada@acme', 'email'],
      ['ada@acme.example\nBcc: eve@evil.example', 'email'],
      ['', 'email'],
    ] as const)
      await expect(requestEmail(by(ada.id), { email })).rejects.toMatchObject({ fields: { email: because } })
    expect(await openChange(ada.id)).toBeNull()
  })

  test('its links are stored as HMACs, and in the jobs sealed', async () => {
    const ada = await person()
    const { links } = await asked(ada)
    const [row] = await rowsOf(database, `select t::text as text from email_changes t where person_id = $1`, [
      ada.id,
    ])
    const jobs = JSON.stringify(await jobsOf('mail.email_change'))
    for (const link of Object.values(links)) {
      const guesses = [link, tokenHash(link).toString('hex'), Buffer.from(link).toString('hex')]
      expect(guesses.filter((guess) => row?.text.includes(guess) || jobs.includes(guess))).toEqual([])
    }
  })
})

describe('a link', () => {
  test('that is looked at 20 times confirms nothing', async () => {
    const ada = await person()
    const { links } = await asked(ada)
    for (let look = 0; look < 20; look++)
      expect(await changeOfLink(ada.id, links.new)).toMatchObject({ verdict: { ok: true }, last: false })
    expect(await openChange(ada.id)).toMatchObject({ oldConfirmedAt: null, newConfirmedAt: null })
  })

  test('is good once, and says what has become of the change', async () => {
    const ada = await person()
    const { links } = await asked(ada)
    await confirm(ada, links.old)
    expect(await codeOf(confirm(ada, links.old))).toBe('email_change_confirmed')
    expect(await emailOf(ada.id)).toBe(ada.email)
    await confirm(ada, links.new)
    for (const link of Object.values(links))
      expect(await codeOf(confirm(ada, link))).toBe('email_change_done')
    expect((await entriesOf(ada.id)).filter(({ outcome }) => outcome === 'refused')).toHaveLength(3)
  })

  test('is good for an hour, also where the other address has confirmed', async () => {
    const ada = await person()
    const { links } = await asked(ada)
    pass(60 * minute - 1)
    await confirm(ada, links.old)
    pass(1)
    expect(await codeOf(confirm(ada, links.new))).toBe('email_change_expired')
    expect(await openChange(ada.id)).toBeNull()
    expect(await emailOf(ada.id)).toBe(ada.email)
  })

  test('does nothing in anybody else’s hands, and looks there like one that never was', async () => {
    const [ada, eve] = [await person(), await person()]
    const { links } = await asked(ada)
    for (const link of [...Object.values(links), newToken(), '']) {
      expect(await changeOfLink(eve.id, link)).toBeNull()
      expect(await codeOf(confirm(eve, link))).toBe('not_found')
      const stranger = confirmEmail({ actor: { kind: 'stranger' } }, { link, sessionToken: ada.token })
      expect(await codeOf(stranger)).toBe('forbidden')
    }
    expect(await openChange(ada.id)).toMatchObject({ oldConfirmedAt: null, newConfirmedAt: null })
    expect([await emailOf(ada.id), await emailOf(eve.id)]).toEqual([ada.email, eve.email])
  })

  test('of a change that was taken back, or replaced by another, is worth nothing', async () => {
    const ada = await person()
    const first = await asked(ada)
    await confirm(ada, first.links.old)
    const second = await asked(ada)
    expect(await codeOf(confirm(ada, first.links.new))).toBe('email_change_withdrawn')
    await withdrawEmail(by(ada.id), {})
    const before = await entriesOf(ada.id)
    await withdrawEmail(by(ada.id), {})
    expect(await entriesOf(ada.id)).toEqual(before)
    for (const link of Object.values(second.links))
      expect(await codeOf(confirm(ada, link))).toBe('email_change_withdrawn')
    expect(await emailOf(ada.id)).toBe(ada.email)
  })
})

describe('an address that is somebody else’s', () => {
  test('is asked for with the very same answer, rows and jobs', async () => {
    const [ada, eve, bob] = [await person(), await person(), await person()]
    const rows = async (id: string) =>
      Object.keys((await openChange(id)) ?? {}).concat(
        (await entriesOf(id)).map(({ action, outcome }) => `${action} ${outcome}`),
      )
    const answers = [await codeOf(asked(ada, bob.email)), await codeOf(asked(eve))]
    expect(answers).toEqual(['done', 'done'])
    expect(await rows(ada.id)).toEqual(await rows(eve.id))
    const shapes = (await jobsOf('mail.email_change'))
      .slice(-4)
      .map(({ side, sealed }) => [side, sealed?.length])
    expect(shapes.slice(0, 2)).toEqual(shapes.slice(2))
  })

  test('by the time of the second click, changes nothing', async () => {
    const ada = await person()
    const { email, links } = await asked(ada)
    const other = await session(ada.id)
    await confirm(ada, links.new)
    const bob = await person(email)
    expect(await codeOf(confirm(ada, links.old))).toBe('email_taken')
    expect([await emailOf(ada.id), await emailOf(bob.id)]).toEqual([ada.email, email])
    expect(await sessionOf(other)).not.toBeNull()
    expect((await entriesOf(ada.id)).at(-1)).toMatchObject({
      outcome: 'refused',
      details: { because: 'email_taken' },
    })
  })
})

describe('mails are limited', () => {
  test('to five changes an hour of a person', async () => {
    const ada = await person()
    for (let change = 0; change < 5; change++) await requestEmail(by(ada.id), { email: freshEmail() })
    expect(await codeOf(requestEmail(by(ada.id), { email: freshEmail() }))).toBe('too_many')
  })

  test('to five an hour for an address, whoever asks', async () => {
    const email = freshEmail()
    for (let change = 0; change < 5; change++) await requestEmail(by((await person()).id), { email })
    expect(await codeOf(requestEmail(by((await person()).id), { email }))).toBe('too_many')
  })

  test('of the person refused ones count, as each is told for good; of the address, which got no mail, they do not', async () => {
    const ada = await person()
    const email = freshEmail()
    const form = by(ada.id)
    await requestEmail(form, { email: freshEmail() })
    for (let change = 0; change < 4; change++)
      expect(await codeOf(requestEmail(form, { email }))).toBe('idempotency_key_reused')
    expect(await codeOf(requestEmail(form, { email }))).toBe('too_many')
    for (let change = 0; change < 5; change++) await requestEmail(by((await person()).id), { email })
  })

  test('to a hundred links an hour that a person tries, good or not', async () => {
    const ada = await person()
    const { links } = await asked(ada)
    for (let trial = 0; trial < 100; trial++) expect(await codeOf(confirm(ada, newToken()))).toBe('not_found')
    expect(await codeOf(confirm(ada, links.new))).toBe('too_many')
  })

  test('to one change for a form that was sent twice', async () => {
    const ada = await person()
    const form = by(ada.id)
    const email = freshEmail()
    await Promise.all(Array.from({ length: 5 }, () => codeOf(requestEmail(form, { email }))))
    const made = await rowsOf(database, 'select id from email_changes where person_id = $1', [ada.id])
    expect(made).toHaveLength(1)
  })
})

const rounds = stress ? 50 : 3
test(`[C9] both links clicked 50 times at once change the address once, whole (${rounds} rounds)`, async () => {
  for (let round = 0; round < rounds; round++) {
    const ada = await person()
    const others = [await session(ada.id), await session(ada.id)]
    const { email, links } = await asked(ada)
    const codes = await Promise.all(
      Array.from({ length: 50 }, (_, n) => codeOf(confirm(ada, n % 2 ? links.old : links.new))),
    )
    expect(codes.filter((code) => code === 'done')).toHaveLength(2)
    const refused = ['done', 'email_change_confirmed', 'email_change_done']
    expect(codes.filter((code) => !refused.includes(code))).toEqual([])
    expect(await emailOf(ada.id)).toBe(email)
    for (const token of others) expect(await sessionOf(token)).toBeNull()
    expect(await sessionOf(ada.token)).not.toBeNull()
    const made = (await entriesOf(ada.id)).filter(({ details }) => 'to' in details)
    expect(made).toHaveLength(1)
  }
}, 600_000)

test(`[C9] of 50 who confirm one address at once, one gets it, and nobody else loses anything (${stress ? rounds : 1} rounds)`, async () => {
  for (let round = 0; round < (stress ? rounds : 1); round++) {
    const email = freshEmail()
    const all = []
    for (let n = 0; n < 50; n++) {
      const one = await person()
      // One that was not asked for here, past the limit of five to an address.
      const { links } = await asked(one)
      await rowsOf(database, 'update email_changes set new_email = $1 where person_id = $2', [email, one.id])
      await confirm(one, links.old)
      all.push({ ...one, link: links.new })
    }
    const codes = await Promise.all(all.map((one) => codeOf(confirm(one, one.link))))
    expect(codes.filter((code) => code === 'done')).toHaveLength(1)
    expect(codes.filter((code) => code === 'email_taken')).toHaveLength(49)
    for (const [n, one] of all.entries())
      expect(await emailOf(one.id)).toBe(codes[n] === 'done' ? email : one.email)
  }
}, 600_000)

test('a new wish and the second click at once: the one or the other, never half of both', async () => {
  for (let round = 0; round < rounds * 5; round++) {
    const ada = await person()
    const { email, links } = await asked(ada)
    await confirm(ada, links.old)
    const next = freshEmail()
    const [clicked, wished] = await Promise.all([
      codeOf(confirm(ada, links.new)),
      codeOf(requestEmail(by(ada.id), { email: next })),
    ])
    expect(wished).toBe('done')
    const open = await openChange(ada.id)
    expect(open).toMatchObject({ newEmail: next, oldConfirmedAt: null, newConfirmedAt: null })
    expect([
      ['done', email, email],
      ['email_change_withdrawn', ada.email, ada.email],
    ]).toContainEqual([clicked, await emailOf(ada.id), open?.oldEmail])
  }
}, 600_000)

test('the second click and an entry about the person, at the end of the vendor’s chain, do not wait for each other', async () => {
  const ada = await person()
  const { email, links } = await asked(ada)
  await confirm(ada, links.old)
  const clicked = await onConnection(database.ownerUrl, async (client) => {
    // What somebody does who is about to append an entry, such as a refusal. A deadlock is found after a second.
    await client.query(`begin; set local latchkey.scope = 'system'; set local lock_timeout = '500ms'`)
    await client.query('select from audit_heads where organization_id is null for update')
    const click = codeOf(confirm(ada, links.new))
    await somebodyWaits(client)
    // And what the entry's reference to the person does.
    await client.query('select from people where id = $1 for key share', [ada.id])
    await client.query('commit')
    return click
  })
  expect(clicked).toBe('done')
  expect(await emailOf(ada.id)).toBe(email)
})

test('a sign-in that is under way with the old address has its session ended, like those of before', async () => {
  const ada = await person()
  const browser = newToken()
  const signIn = {
    browser,
    known: false,
    networkAddress: '192.0.2.2',
    returnTo: null,
    language: 'en',
  } as const
  await requestSignIn({ actor: { kind: 'stranger' } }, { email: ada.email, ...signIn })
  const job = (await jobsOf('mail.sign_in')).at(-1)
  const { code } = JSON.parse(openText(job?.sealed ?? '', job?.signInId ?? ''))
  const { links } = await asked(ada)
  await confirm(ada, links.old)
  const [entered, clicked] = await onConnection(database.ownerUrl, async (client) => {
    // Its session is there by then, and not yet to be seen.
    await client.query(`begin; lock table known_browsers in share mode`)
    const proof = { kind: 'code', code } as const
    const enter = completeSignIn(
      { actor: { kind: 'stranger' } },
      { browser, device: '', language: null, proof },
    )
    await somebodyWaits(client)
    const click = codeOf(confirm(ada, links.new))
    await somebodyWaits(client, 2)
    await client.query('commit')
    return Promise.all([enter, click])
  })
  expect(clicked).toBe('done')
  expect(entered.ok && (await sessionOf(entered.sessionToken))).toBeNull()
  expect(await sessionOf(ada.token)).not.toBeNull()
})
