import PostalMime from 'postal-mime'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newId } from '@/lib/ids'
import { chooseMails, muteMails } from '@/lib/people/choose-mails'
import { type Fixture, makeOrganization, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { patiently } from '@/sandbox/test/patiently'
import { kindOf, type MailJob, type MailKind, mailKinds, mailsAddress } from './kinds'
import { sendOnce } from './send-once'
import { readUnsubscribeToken, unsubscribeToken } from './unsubscribe'

const sink = await startMailSink()
const publicUrl = 'https://portal.example.com'
const database = await productDatabase({ SMTP_URL: sink.url, PUBLIC_URL: publicUrl })

let own: Fixture
beforeAll(async () => {
  own = await makeOrganization('acme')
})
beforeEach(async () => {
  await rowsOf(database, `update people set muted_mails = '{}'`)
  sink.received.splice(0)
})

// the keys of the table itself
const jobs = Object.keys(kindOf) as MailJob[]
const owner = () => own.people.owner

async function sent(job: MailJob, text = `Choose: ${publicUrl}${mailsAddress}`) {
  const before = sink.received.length
  const mail = { organizationId: own.organizationId, about: `test.${newId()}`, personId: owner(), job }
  const make = async () => ({ subject: job, html: `<p>${text}</p>`, text })
  await sendOnce({ ...mail, to: 'owner@acme.example', make })
  const [received] = sink.received.slice(before)
  return received && PostalMime.parse(received.data)
}

test('of each mail it is said whether it can be turned off: none that is about money or security', () => {
  expect(jobs.filter((job) => kindOf[job] !== 'always').sort()).toEqual([
    'mail.not_in_glpi',
    'mail.request_answered',
    'mail.request_asked',
    'mail.trial_begun',
    'mail.trial_ends',
    'mail.trial_waits',
  ])
})

test.each(jobs)(
  '%s goes out to who has turned off nothing, and says how it is turned off where it can be',
  async (job) => {
    const headers = (await sent(job))?.headers.map(({ key, value }) => [key, value])
    const kind = kindOf[job]
    const told = Object.fromEntries(
      headers?.filter(([key]) => key?.startsWith('list-')) ?? [['none', 'came']],
    )
    if (kind === 'always') return expect(told).toEqual({})
    const token = unsubscribeToken(owner(), kind)
    expect(told).toEqual({
      'list-unsubscribe': `<${publicUrl}/account/mails/off?token=${token}>`,
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
    })
  },
)

test('who has turned off all that can be gets exactly the mails about money and security', async () => {
  await chooseMails({ actor: { kind: 'person', personId: owner() } }, { wanted: [] })
  const came: string[] = []
  for (const job of jobs) if (await sent(job)) came.push(job)
  expect(came).toEqual(jobs.filter((job) => kindOf[job] === 'always'))
})

test('a mail that can be turned off is not sent where it does not say so', async () => {
  await expect(sent('mail.trial_begun', 'Nothing said.')).rejects.toThrow('does not say')
  expect(sink.received).toEqual([])
})

describe('the link of a mail', () => {
  const stranger = { actor: { kind: 'stranger' } } as const
  const muted = async (personId = owner()) => {
    const [row] = await rowsOf<{ muted: string }>(
      database,
      `select array_to_string(muted_mails, ' ') as muted from people where id = $1`,
      [personId],
    )
    return row?.muted
  }
  const entries = () =>
    rowsOf(database, `select outcome, details from audit_entries where action = 'account.mute_mails'`)

  test('turns off its kind for its person alone, also when it is asked fifty times at once', async () => {
    const token = unsubscribeToken(owner(), 'trials')
    await Promise.all(Array.from({ length: 50 }, () => patiently(() => muteMails(stranger, { token }))))
    expect(await muted()).toBe('trials')
    expect(await muted(own.people.viewer)).toBe('')
    expect(await entries()).toEqual([{ outcome: 'done', details: { person: owner(), muted: 'trials' } }])
    await muteMails(stranger, { token: unsubscribeToken(owner(), 'requests') })
    expect(await muted()).toBe('trials requests')
  })

  test('of another kind, of another person, cut or made up does nothing, and leaves no entry of a stranger’s', async () => {
    const before = await entries()
    const token = unsubscribeToken(owner(), 'trials')
    const [, , signature = ''] = token.split('.')
    const wrong = [
      ...mailKinds.filter((kind) => kind !== 'trials').map((kind) => `${owner()}.${kind}.${signature}`),
      `${own.people.viewer}.trials.${signature}`,
      ...[`${owner()}.trials.`, token.slice(0, -1), `${token}.`, `${token}.more`, 'none', '', '..', '\u0001'],
      `${owner()}.sign_in.${signature}`,
    ]
    for (const one of wrong)
      await expect(muteMails(stranger, { token: one }), one).rejects.toMatchObject({ code: 'invalid_input' })
    expect(await muted()).toBe('')
    expect(await entries()).toEqual(before)
  })

  test.each(mailKinds)('names its person and its kind: %s', (kind: MailKind) => {
    expect(readUnsubscribeToken(unsubscribeToken(owner(), kind))).toEqual({ personId: owner(), kind })
  })
})
