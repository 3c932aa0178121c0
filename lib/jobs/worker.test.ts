import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import PostalMime from 'postal-mime'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { closePool, openPoolAt } from '@/db/client'
import { commandRuns, rateLimits } from '@/db/schema/commands'
import { emailChanges, knownBrowsers, people, sessions } from '@/db/schema/people'
import { signIns } from '@/db/schema/sign-ins'
import { asSystem } from '@/db/scope'
import { newId } from '@/lib/ids'
import { changeRole } from '@/lib/organizations/change-role'
import { inviteMember, withdrawInvitation } from '@/lib/organizations/invite'
import { removeMember } from '@/lib/organizations/remove'
import { requestEmail, withdrawEmail } from '@/lib/people/request-email'
import { requestSignIn } from '@/lib/people/request-sign-in'
import { newToken, tokenHash } from '@/lib/people/tokens'
import { addStaff } from '@/lib/staff/add'
import { migrateDatabase } from '@/sandbox/database'
import { freePort } from '@/sandbox/ports'
import { startPostgres } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import { byMember, makeOrganization, productDatabase } from '@/sandbox/test/fixture'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { type Running, startProcess } from '@/scripts/processes'
import { cleanUp } from './clean-up'
import { enqueue } from './enqueue'
import { freeJobsOfTheGone, Presence } from './presence'

const sink = await startMailSink()
const database = await productDatabase({ SMTP_URL: sink.url })
const pool = new pg.Pool({ connectionString: database.workerUrl, max: 2 })
afterAll(() => pool.end())

const lines: string[] = []
const workers: Running[] = []
afterEach(async () => {
  sink.answer()
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
  await pool.query('delete from graphile_worker._private_jobs')
})
beforeEach(() => void lines.splice(0))

function startWorker(changes: Record<string, string> = {}): Running {
  const worker = startProcess({
    name: 'worker',
    command: [process.execPath, '--import', './scripts/typescript.mjs', 'lib/jobs/worker.ts'],
    env: { ...process.env, WORKER_DATABASE_URL: database.workerUrl, LOG_LEVEL: 'debug', ...changes },
    output: (line) => lines.push(line),
  })
  workers.push(worker)
  return worker
}

const patient = { timeout: 60_000, interval: 50 }
/** But for the hourly one, which fails where its file is /dev/null: whoever met the hour would wait for that. */
const jobs = async () =>
  (await pool.query(`select locked_by from graphile_worker.jobs where task_identifier <> 'sign_audit_heads'`))
    .rows

let counter = 0
async function ask({ known = true } = {}) {
  const email = `person${++counter}@acme.example`
  if (known) {
    await asSystem('test', (tx) => tx.insert(people).values({ id: newId(), email, createdAt: new Date() }))
  }
  await requestSignIn(
    { actor: { kind: 'stranger' } },
    {
      email,
      browser: newToken(),
      known: false,
      networkAddress: `192.0.2.${counter}`,
      returnTo: null,
      language: 'fr',
    },
  )
  return email
}

test('a mail is sent to whom it may concern, and to nobody when the address is nobody’s, used or 10 minutes old', async () => {
  const unknown = await ask({ known: false })
  const late = await ask()
  const used = await ask()
  await pool.query(`begin; set local latchkey.scope = 'system';
    update sign_ins set created_at = now() - interval '10 minutes', expires_at = now() where email = '${late}';
    update sign_ins set used_at = now() where email = '${used}'; commit`)
  const email = await ask()
  startWorker()
  await expect.poll(jobs, patient).toHaveLength(0)
  expect(sink.received.map(({ to }) => to)).toEqual([[email]])
  const { subject, text } = await PostalMime.parse(sink.received[0]?.data ?? '')
  const code = /\b\d{6}\b/.exec(subject ?? '')?.[0] ?? ''
  expect(text).toContain(code)
  // Nothing that the worker printed, down to its smallest detail, tells the code or the link.
  const link = /token=([\w-]{43})/.exec(text ?? '')?.[1] ?? 'none'
  expect(lines.join('\n')).toContain('the worker is ready')
  expect(lines.join('\n')).not.toContain(link)
  expect(lines.join('\n')).not.toContain(code)
  expect([unknown, late, used].filter((one) => lines.join('\n').includes(one))).toEqual([])
})

test('one of the staff whom the vendor’s provider signs in gets no code, but the way there', async () => {
  const email = await ask()
  await addStaff({ actor: { kind: 'system' } }, { email, role: 'admin' })
  const before = sink.received.length
  startWorker({
    STAFF_OIDC_ISSUER: 'https://login.northwind.example',
    STAFF_OIDC_CLIENT_ID: 'latchkey',
    STAFF_OIDC_CLIENT_SECRET: 'a secret',
  })
  await expect.poll(jobs, patient).toHaveLength(0)
  const mails = sink.received.slice(before)
  expect(mails.map(({ to }) => to)).toEqual([[email]])
  const { subject, text } = await PostalMime.parse(mails[0]?.data ?? '')
  expect(subject).toBe('Connectez-vous à Northwind Plugins avec le compte de l’entreprise')
  expect(text).toContain('http://localhost:41400/sign-in/staff')
  expect(text).not.toMatch(/\d{6}|token=/)
})

test('an invitation, a changed role and a removal are told by mail, each in its person’s language; one that was taken back is not', async () => {
  const organization = await makeOrganization('mailed')
  const [by, memberId] = [byMember(organization, 'owner'), organization.people.viewer]
  const before = sink.received.length
  await pool.query(`update people set language = 'fr' where id = $1`, [memberId])
  await inviteMember(by, { email: 'guest@mailed.example', role: 'technical' })
  await inviteMember(
    { ...by, idempotencyKey: newId() },
    { email: 'invitee@mailed.example', role: 'viewer', language: 'fr' },
  )
  // Another organization's mail is in its own, and the first one's stays as it was.
  await inviteMember(byMember(await makeOrganization('beside'), 'owner'), {
    email: 'invitee@mailed.example',
    role: 'viewer',
    language: 'en',
  })
  const settled = { id: newId(), email: 'settled@mailed.example', createdAt: new Date() }
  const confirmed = { ...settled, language: 'en', emailVerified: new Date() } as const
  await asSystem('test', (tx) => tx.insert(people).values(confirmed))
  await inviteMember(
    { ...by, idempotencyKey: newId() },
    { email: settled.email, role: 'viewer', language: 'fr' },
  )
  const back = { email: 'back@mailed.example', role: 'viewer' } as const
  const { invitationId } = await inviteMember({ ...by, idempotencyKey: newId() }, back)
  await withdrawInvitation(by, { invitationId })
  await changeRole(by, { memberId, role: 'technical' })
  await removeMember(by, { memberId })
  startWorker()
  await expect.poll(jobs, patient).toHaveLength(0)
  const mails = await Promise.all(
    sink.received.slice(before).map(async ({ to, data }) => {
      const { subject, messageId, text } = await PostalMime.parse(data)
      return { to: to.join(), subject, messageId, text }
    }),
  )
  const told = mails.map(({ to, subject }) => `${to}: ${subject}`).sort()
  expect(told).toEqual([
    'guest@mailed.example: Join The people of mailed at Northwind Plugins',
    'invitee@mailed.example: Join The people of beside at Northwind Plugins',
    'invitee@mailed.example: Rejoindre The people of mailed chez Northwind Plugins',
    'settled@mailed.example: Join The people of mailed at Northwind Plugins',
    'viewer@mailed.example: Vous ne faites plus partie de l’organisation The people of mailed',
    'viewer@mailed.example: Vous êtes désormais un membre technique de l’organisation The people of mailed',
  ])
  expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(6)
  const token = /token=([\w-]{43})/.exec(mails.map(({ text }) => text).join())?.[1] ?? 'none'
  expect(lines.join('\n')).not.toContain(token)
})

test('a change of address is asked about at both; an address that is somebody’s is told so, and of what was taken back nothing is said', async () => {
  const wish = async (from: string, to: string) => {
    const id = newId()
    await asSystem('test', (tx) => tx.insert(people).values({ id, email: from, createdAt: new Date() }))
    const by = { actor: { kind: 'person', personId: id }, idempotencyKey: newId() } as const
    await requestEmail(by, { email: to })
    return by
  }
  const before = sink.received.length
  const bob = { id: newId(), email: 'bob@wish.example', language: 'fr', createdAt: new Date() } as const
  await asSystem('test', (tx) => tx.insert(people).values(bob))
  await wish('ada@wish.example', 'ada@new.example')
  await wish('eve@wish.example', bob.email)
  await withdrawEmail(await wish('cleo@wish.example', 'cleo@new.example'), {})
  startWorker()
  await expect.poll(jobs, patient).toHaveLength(0)
  const mails = await Promise.all(
    sink.received.slice(before).map(async ({ to, data }) => {
      const { subject, text = '' } = await PostalMime.parse(data)
      return { told: `${to}: ${subject}`, link: /token=([\w-]{43})/.exec(text)?.[1] }
    }),
  )
  expect(mails.map(({ told, link }) => `${told}, ${link ? 'a link' : 'no link'}`).sort()).toEqual([
    'ada@new.example: Confirm this address for Northwind Plugins, a link',
    'ada@wish.example: Confirm the change of your address at Northwind Plugins, a link',
    'bob@wish.example: Votre adresse a été demandée chez Northwind Plugins, no link',
    'eve@wish.example: Confirm the change of your address at Northwind Plugins, a link',
  ])
  expect(mails.filter(({ link }) => link && lines.join('\n').includes(link))).toEqual([])
})

test('a browser that is new is told by mail, in the person’s language and time zone', async () => {
  const person = { id: newId(), email: 'ada@device.example', language: 'fr', timeZone: 'Asia/Tokyo' } as const
  await asSystem('test', async (tx) => {
    await tx.insert(people).values({ ...person, createdAt: new Date() })
    const at = '2026-03-02T15:12:00.000Z'
    const payload = { personId: person.id, sessionId: newId(), device: 'Firefox/Windows', at }
    await enqueue(tx, 'mail.new_device', payload)
    await enqueue(tx, 'mail.new_device', { ...payload, personId: newId() })
  })
  const before = sink.received.length
  startWorker()
  await expect.poll(jobs, patient).toHaveLength(0)
  const mails = sink.received.slice(before)
  expect(mails.map(({ to }) => to)).toEqual([[person.email]])
  const { subject, text } = await PostalMime.parse(mails[0]?.data ?? '')
  expect(subject).toBe('Un nouvel appareil s’est connecté à votre compte chez Northwind Plugins')
  expect(text?.replace(/\s+/g, ' ')).toContain('Firefox sous Windows')
  expect(text?.replace(/\s+/g, ' ')).toContain('3 mars 2026, 00:12 (Asia/Tokyo)')
})

test('asked to stop, it finishes the mail that is under way and ends well', async () => {
  sink.withhold()
  const before = sink.received.length
  await ask()
  const worker = startWorker()
  await expect.poll(() => sink.received.length, patient).toBe(before + 1)
  const exited = worker.stop('SIGTERM')
  await expect.poll(() => lines.join('\n'), patient).toContain('the worker stops')
  sink.answer()
  expect(await exited).toEqual({ code: 0, signal: null })
  expect(await jobs()).toHaveLength(0)
  expect(sink.received).toHaveLength(before + 1)
})

const rounds = process.env.STRESS ? 13 : 1
const atOnce = 4
test(
  `[F4] a worker killed between mail and "done" has its job run again within 60 s, with the same Message-ID (${rounds * atOnce} trials)`,
  async () => {
    for (let round = 0; round < rounds; round++) {
      const before = sink.received.length
      sink.withhold()
      for (let n = 0; n < atOnce; n++) await ask()
      const worker = startWorker()
      await expect.poll(() => sink.received.length, patient).toBe(before + atOnce)
      expect(await worker.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
      sink.answer()
      const second = startWorker()
      await expect.poll(jobs, patient).toHaveLength(0)
      await second.stop()
      const mails = await Promise.all(
        sink.received
          .slice(before)
          .map(async ({ to, data }) => `${to} ${(await PostalMime.parse(data)).messageId}`),
      )
      const [first, repeated] = [mails.slice(0, atOnce), mails.slice(atOnce)]
      expect(repeated.toSorted()).toEqual(first.toSorted())
      expect(new Set(first).size).toBe(atOnce)
    }
  },
  60_000 + rounds * 60_000,
)

test('a database that turns the worker away ends it with the command that sets it right', async () => {
  const address = new URL(database.workerUrl)
  address.username = 'nobody_made_this_role'
  const { exited } = startWorker({ WORKER_DATABASE_URL: address.href })
  expect(await exited).toEqual({ code: 1, signal: null })
  expect(lines.join('\n')).toMatch(
    /The worker ends\. The database answers: .*nobody_made_this_role.* Run npm run db:migrate/,
  )
})

test('[F2] a Postgres that crashes or restarts ends no worker: mails go on once it is back (4 times)', async () => {
  const folder = throwAwayFolder()
  // Durable, unlike other tests': what was committed must outlive the crash.
  const options = { dataDir: path.join(folder, 'postgres'), port: await freePort() }
  let postgres = await startPostgres(options)
  await migrateDatabase(postgres, 'latchkey')
  const addresses = {
    DATABASE_URL: postgres.url('latchkey', 'latchkey_app'),
    WORKER_DATABASE_URL: postgres.url('latchkey', 'latchkey_worker'),
  }
  const worker = startWorker(addresses)
  await expect.poll(() => lines.join('\n'), patient).toContain('the worker is ready')
  for (const mode of ['immediate', 'fast', 'immediate', 'fast'] as const) {
    await postgres.stop(mode)
    postgres = await startPostgres(options)
    const before = lines.length
    const client = new pg.Client({ connectionString: addresses.WORKER_DATABASE_URL })
    await client.connect()
    await client.query(`select graphile_worker.add_job('clean_up')`)
    await client.end()
    await expect.poll(() => lines.slice(before).join('\n'), patient).toContain('what had ended was removed')
  }
  expect(await worker.stop()).toEqual({ code: 0, signal: null })
  // Started while the database is down, it waits.
  await postgres.stop('immediate')
  startWorker(addresses)
  await expect.poll(() => lines.at(-1), patient).toContain('the worker waits for it')
  const before = lines.length
  postgres = await startPostgres(options)
  await expect.poll(() => lines.slice(before).join('\n'), patient).toContain('the worker is ready')
  await Promise.all(workers.splice(0).map((one) => one.stop()))
  await postgres.stop('immediate')
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}, 120_000)

test('[F2] a worker whose first look for jobs is cut off looks again', async () => {
  const owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  await owner.query('begin; lock table graphile_worker._private_tasks')
  startWorker()
  const cutOff = async () =>
    (
      await pool.query(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where wait_event_type = 'Lock' and query like 'insert into %_private_tasks%'`,
      )
    ).rowCount
  await expect.poll(cutOff, patient).toBe(1)
  await owner.end()
  const email = await ask()
  await expect.poll(() => sink.received.flatMap(({ to }) => to), patient).toContain(email)
  console.log('[F2] 1 trial')
})

test('[F2] a worker that cannot say that a job is done, says it once the database is back', async () => {
  sink.withhold()
  const email = await ask()
  const worker = startWorker()
  const sent = () => sink.received.flatMap(({ to }) => to).filter((to) => to === email)
  await expect.poll(sent, patient).toHaveLength(1)
  const owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  await owner.query('begin; select from graphile_worker._private_jobs for update')
  sink.answer()
  const cutOff = async () =>
    (
      await pool.query(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where wait_event_type = 'Lock' and query like 'delete from %_private_jobs%'`,
      )
    ).rowCount
  await expect.poll(cutOff, patient).toBe(1)
  await owner.end()
  await expect.poll(jobs, patient).toHaveLength(0)
  expect(await worker.stop()).toEqual({ code: 0, signal: null })
  expect(sent()).toHaveLength(1)
  console.log('[F2] 1 trial')
})

test('the jobs of a worker that is there are left to it', async () => {
  await ask()
  const presence = new Presence(database.workerUrl, 'pool-alive')
  await presence.renew()
  await pool.query(
    `update graphile_worker._private_jobs set locked_by = 'pool-alive', locked_at = now() - interval '1 hour'`,
  )
  expect(await freeJobsOfTheGone(pool, 10)).toBe(0)
  await presence.end()
  await expect.poll(() => freeJobsOfTheGone(pool, 10), patient).toBe(1)
  expect(await jobs()).toEqual([{ locked_by: null }])
})

test('a worker that has only just taken a job is given the time to say that it is there', async () => {
  await ask()
  await pool.query(`update graphile_worker._private_jobs set locked_by = 'pool-new', locked_at = now()`)
  expect(await freeJobsOfTheGone(pool, 10)).toBe(0)
  expect(await freeJobsOfTheGone(pool, 0)).toBe(1)
})

test('a presence whose connection broke is taken again at its next renewal', async () => {
  const presence = new Presence(database.workerUrl, 'pool-cut')
  await presence.renew()
  const held = async () =>
    (await pool.query(`select pid from pg_stat_activity where application_name = 'latchkey worker pool-cut'`))
      .rows
  const [first] = await held()
  await pool.query('select pg_terminate_backend($1)', [first.pid])
  await expect.poll(held, patient).toHaveLength(0)
  await presence.renew()
  await presence.renew()
  expect(await held()).toHaveLength(1)
  await presence.end()
})

/** The portal's own role may not remove what a GLPI was answered. */
async function asWorker(job: () => Promise<void>) {
  await closePool()
  openPoolAt(database.workerUrl)
  try {
    await job()
  } finally {
    await closePool()
  }
}

test('the daily clean-up removes what has ended and keeps what has not', async () => {
  const at = Date.now()
  const before = (hours: number) => new Date(at - hours * 3_600_000)
  const personId = newId()
  const ids = { old: newId(), recent: newId() }
  const signIn = (id: string, hours: number) => ({
    id,
    email: 'ada@acme.example',
    browserHash: tokenHash(id),
    codeHmac: tokenHash(id),
    linkHmac: tokenHash(id),
    language: 'en' as const,
    createdAt: before(hours + 0.1),
    expiresAt: before(hours),
  })
  const change = (id: string, days: number) => ({
    id,
    personId,
    oldEmail: 'ada@acme.example',
    newEmail: 'ada@new.example',
    oldHmac: tokenHash(id),
    newHmac: tokenHash(id),
    createdAt: before(days * 24 + 1),
    expiresAt: before(days * 24),
    withdrawnAt: before(days * 24),
  })
  const session = (sessionToken: string, expires: Date, lastUsedAt: Date) => ({
    sessionToken,
    userId: personId,
    expires,
    lastUsedAt,
    createdAt: before(700),
    device: 'a test',
  })
  const run = (idempotencyKey: string, hours: number) => ({
    command: 'test',
    actorId: 'test',
    idempotencyKey,
    inputHash: '',
    ranAt: before(hours),
  })
  await asSystem('test', async (tx) => {
    await tx.insert(people).values({ id: personId, email: 'ada@acme.example', createdAt: new Date() })
    await tx.insert(signIns).values([signIn(ids.old, 25), signIn(ids.recent, 23)])
    await tx.insert(emailChanges).values([change(ids.old, 8), change(ids.recent, 6)])
    await tx
      .insert(sessions)
      .values([
        session('over', before(1), before(0)),
        session('idle', before(-1), before(13)),
        session('alive', before(-1), before(11)),
      ])
    await tx.insert(rateLimits).values([
      { key: 'test:over', expire: at - 1 },
      { key: 'test:counting', expire: at + 60_000 },
    ])
    await tx.insert(commandRuns).values([run(ids.old, 31 * 24), run(ids.recent, 29 * 24)])
    await tx.insert(knownBrowsers).values([
      { personId, browserHash: tokenHash('old'), lastUsedAt: before(366 * 24) },
      { personId, browserHash: tokenHash('recent'), lastUsedAt: before(364 * 24) },
    ])
  })
  await asWorker(cleanUp)
  await asSystem('test', async (tx) => {
    const signInIds = (await tx.select().from(signIns)).map(({ id }) => id)
    expect(signInIds).toContain(ids.recent)
    expect(signInIds).not.toContain(ids.old)
    const changes = (await tx.select().from(emailChanges)).map(({ id }) => id)
    expect(changes).toContain(ids.recent)
    expect(changes).not.toContain(ids.old)
    expect((await tx.select().from(sessions)).map(({ sessionToken }) => sessionToken)).toEqual(['alive'])
    const limits = (await tx.select().from(rateLimits)).map(({ key }) => key)
    expect(limits).toContain('test:counting')
    expect(limits).not.toContain('test:over')
    const runs = (await tx.select().from(commandRuns)).map((row) => row.idempotencyKey)
    expect(runs).toContain(ids.recent)
    expect(runs).not.toContain(ids.old)
    expect((await tx.select().from(knownBrowsers)).map((row) => row.browserHash)).toEqual([
      tokenHash('recent'),
    ])
  })
})

test('the hourly job signs where the audit trails end, into the file and the log', async () => {
  const folder = throwAwayFolder()
  const file = path.join(folder, 'heads.jsonl')
  startWorker({ AUDIT_HEADS_FILE: file })
  await pool.query(`select graphile_worker.add_job('sign_audit_heads')`)
  await expect.poll(() => lines.join('\n'), patient).toContain('the ends of the audit chains were signed')
  const [line = ''] = readFileSync(file, 'utf8').split('\n')
  expect(JSON.parse(line)).toMatchObject({ statement: { previous: null }, signature: expect.any(String) })
  expect(lines.some((one) => one.includes(JSON.parse(line).signature))).toBe(true)
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
  rmSync(folder, { recursive: true, force: true })
})

test.each([
  ['AUDIT_SIGNING_KEY', '', 'AUDIT_SIGNING_KEY is missing'],
  ['AUDIT_PUBLIC_KEY', Buffer.alloc(32, 7).toString('base64'), 'is not the public part of AUDIT_SIGNING_KEY'],
  ['AUDIT_HEADS_FILE', '', 'AUDIT_HEADS_FILE is missing'],
  ['AUDIT_HEADS_FILE', '/nowhere/heads.jsonl', 'ENOENT'],
])('a worker that could not sign the audit trails does not start: %s=%s', async (name, value, said) => {
  const { code } = await startWorker({ [name]: value }).exited
  expect(code).toBe(1)
  expect(lines.join('\n')).toContain(said)
})
