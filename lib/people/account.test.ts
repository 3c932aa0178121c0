import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newId } from '@/lib/ids'
import { generateKey } from '@/lib/keys/format'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { editAccount } from './edit-account'
import { sessionOf } from './session'
import { endOneSession, endOtherSessions, sessionsOf } from './sessions'
import { newToken, tokenHash } from './tokens'

const database = await productDatabase()

const start = new Date('2026-03-02T09:00:00Z')
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: start }))
afterEach(() => void vi.useRealTimers())

async function person() {
  const id = newId()
  await rowsOf(database, 'insert into people (id, email, created_at) values ($1, $2, $3)', [
    id,
    `${id}@acme.example`,
    start,
  ])
  return { id, by: { actor: { kind: 'person', personId: id } } as const }
}

const stored = async (id: string) => {
  const [row] = await rowsOf(database, 'select name, language, time_zone, email from people where id = $1', [
    id,
  ])
  return row
}
const entriesOf = (id: string) =>
  rowsOf(
    database,
    `select action, outcome, organization_id, details from audit_entries where person_id = $1 order by sequence`,
    [id],
  )

describe('name, language and time zone', () => {
  const details = { name: 'Ada Lovelace', language: 'fr', timeZone: 'America/New_York' } as const

  test('are changed together, and on record in the vendor’s chain', async () => {
    const { id, by } = await person()
    await editAccount(by, details)
    expect(await stored(id)).toMatchObject({
      name: 'Ada Lovelace',
      language: 'fr',
      time_zone: 'America/New_York',
    })
    expect(await entriesOf(id)).toEqual([
      { action: 'account.edit', outcome: 'done', organization_id: null, details: { person: id, ...details } },
    ])
  })

  test('that are so already leave no entry, however often they are sent, also at once', async () => {
    const { id, by } = await person()
    await Promise.all(Array.from({ length: 10 }, () => editAccount(by, details)))
    expect(await entriesOf(id)).toHaveLength(1)
  })

  test('a name is kept on one line, without what turns the direction of others', async () => {
    const { id, by } = await person()
    await editAccount(by, { ...details, name: ' \u202EAda\r\nof\u0007Acme\u200B ' })
    expect(await stored(id)).toMatchObject({ name: 'Ada of Acme' })
    await editAccount(by, { ...details, name: ' \u200B ' })
    expect(await stored(id)).toMatchObject({ name: null })
  })

  test.each([
    ['name', { name: 'x'.repeat(201) }, 'too_long'],
    ['name', { name: generateKey('subscription') }, 'name_key'],
    ['timeZone', { timeZone: 'Europe/Atlantis' }, 'time_zone'],
    ['timeZone', { timeZone: "Europe/Paris'; drop table people" }, 'time_zone'],
    ['language', { language: 'de' as 'fr' }, 'required'],
  ])('what is none is refused at its field: %s %j', async (field, wrong, because) => {
    const { id, by } = await person()
    await expect(editAccount(by, { ...details, ...wrong })).rejects.toMatchObject({
      fields: { [field]: because },
    })
    expect(await stored(id)).toMatchObject({ name: null, language: 'en', time_zone: 'Europe/Paris' })
  })

  test('a zone that only an older list had may stay', async () => {
    const { id, by } = await person()
    await rowsOf(database, `update people set time_zone = 'US/Pacific' where id = $1`, [id])
    await editAccount(by, { ...details, timeZone: 'US/Pacific' })
    expect(await stored(id)).toMatchObject({ name: 'Ada Lovelace', time_zone: 'US/Pacific' })
  })

  test('are nobody else’s to change', async () => {
    const { id } = await person()
    await expect(editAccount({ actor: { kind: 'stranger' } }, details)).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(await stored(id)).toMatchObject({ name: null })
  })
})

describe('sessions', () => {
  const minute = 60_000
  const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds)

  async function signIn(personId: string, device = 'Firefox/Windows') {
    const token = newToken()
    await rowsOf(
      database,
      `insert into sessions (token_hash, person_id, expires, last_used_at, created_at, device) values ($1, $2, $3, $4, $4, $5)`,
      [
        tokenHash(token).toString('base64url'),
        personId,
        new Date(Date.now() + 30 * 86_400_000),
        new Date(),
        device,
      ],
    )
    return token
  }
  const listed = (id: string, token: string) => sessionsOf(id, { token, most: 100 })

  test('are listed with device and last use, the one that asks first, those that have ended not', async () => {
    const { id } = await person()
    const tokens = [await signIn(id, 'Chrome/Linux')]
    pass(minute)
    tokens.push(await signIn(id, 'Safari/iOS'))
    pass(minute)
    tokens.push(await signIn(id))
    await signIn((await person()).id)
    const [first = '', second = '', third = ''] = tokens
    expect((await listed(id, first)).map(({ device, current }) => [device, current])).toEqual([
      ['Chrome/Linux', true],
      ['Firefox/Windows', false],
      ['Safari/iOS', false],
    ])
    pass(11 * 60 * minute)
    await sessionOf(second)
    pass(60 * minute)
    // The two others have not been used for 12 hours.
    const rest = await listed(id, third)
    expect(rest.map(({ device }) => device)).toEqual(['Safari/iOS'])
    expect(rest[0]?.lastUsedAt).toEqual(new Date(Date.now() - 60 * minute))
    // What would find the session in the table does not leave it.
    expect(JSON.stringify(rest)).not.toContain(tokenHash(second).toString('base64url'))
  })

  test('one is ended, and the others go on; ended twice it leaves one entry', async () => {
    const { id, by } = await person()
    const [here, there] = [await signIn(id), await signIn(id, 'Chrome/Android')]
    const other = (await listed(id, here)).find(({ current }) => !current)
    for (let click = 0; click < 2; click++) await endOneSession(by, { sessionId: other?.id ?? '' })
    expect(await sessionOf(there)).toBeNull()
    expect(await sessionOf(here)).not.toBeNull()
    expect(await entriesOf(id)).toMatchObject([
      { action: 'session.end_one', details: { person: id, device: 'Chrome/Android' } },
    ])
  })

  test('of somebody else are ended by nobody but them', async () => {
    const [mine, theirs] = [await person(), await person()]
    const token = await signIn(theirs.id)
    const [session] = await listed(theirs.id, token)
    await endOneSession(mine.by, { sessionId: session?.id ?? '' })
    await endOtherSessions(mine.by, { token: 'none' })
    expect(await sessionOf(token)).not.toBeNull()
    expect(await entriesOf(mine.id)).toEqual([])
  })

  test('all others are ended at once', async () => {
    const { id, by } = await person()
    const here = await signIn(id)
    const others = [await signIn(id), await signIn(id), await signIn(id)]
    await endOtherSessions(by, { token: here })
    for (const token of others) expect(await sessionOf(token)).toBeNull()
    expect(await sessionOf(here)).not.toBeNull()
    await endOtherSessions(by, { token: here })
    expect(await entriesOf(id)).toMatchObject([{ action: 'session.end_others', details: { sessions: 3 } }])
  })
})
