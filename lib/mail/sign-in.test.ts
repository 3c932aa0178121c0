import { Socket } from 'node:net'
import { createTransport } from 'nodemailer'
import PostalMime from 'postal-mime'
import { expect, test, vi } from 'vitest'
import { newToken } from '@/lib/people/tokens'
import { setEnvironment } from '@/sandbox/test/fixture'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { sendMail, withTimeLimits } from './send'
import { signInMail } from './sign-in'

const sink = await startMailSink()
const publicUrl = 'https://portal.example.com'
setEnvironment('postgres://latchkey_app:none@127.0.0.1/none', { PUBLIC_URL: publicUrl, SMTP_URL: sink.url })

const mail = {
  to: 'ada@acme.example',
  code: '042917',
  link: newToken(),
  askedAt: new Date('2026-03-02T09:12:00Z'),
  timeZone: 'Europe/Paris',
  minutes: 10,
}

/** Every address in a mail, from its text and from what can be followed or loaded in its HTML. */
const addresses = ({ html, text }: { html: string; text: string }) => [
  ...[...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address = '']) => address),
  ...[...text.matchAll(/https?:\S+/g)].map(([address]) => address),
]

test.each([
  ['en', '042917 is your sign-in code', 'If it was not you', '2 Mar 2026, 10:12'],
  ['fr', '042917 est votre code de connexion', 'Si ce n’était pas vous', '2 mars 2026, 10:12'],
] as const)('the mail is in the language that the page had: %s', async (language, subject, notYou, when) => {
  const { html, text, ...made } = await signInMail({ ...mail, language })
  expect(made.subject).toContain(subject)
  expect(html).toContain(`lang="${language}"`)
  for (const form of [html, text]) {
    expect(form).toContain(mail.code)
    expect(form).toContain(notYou)
    expect(form).toContain(when)
    expect(form).toContain('Europe/Paris')
    expect(form).toContain('support@latchkey.example')
  }
})

test('every link leads to PUBLIC_URL, and nothing is loaded from anywhere', async () => {
  const made = await signInMail({ ...mail, language: 'en' })
  const found = addresses(made)
  expect(found).toContain(`${publicUrl}/sign-in/link?token=${mail.link}`)
  for (const address of found)
    expect(address).toMatch(/^(https:\/\/portal\.example\.com\/sign-in\/link\?|mailto:support@)/)
  expect(made.html).not.toMatch(/<(img|script|iframe|object)\b|url\(/i)
})

test('the text alone is enough: it has the code and the whole link', async () => {
  const { text } = await signInMail({ ...mail, language: 'en' })
  expect(text).not.toContain('<')
  expect(text.split('\n').map((line) => line.trim())).toEqual(
    expect.arrayContaining([mail.code, `${publicUrl}/sign-in/link?token=${mail.link}`]),
  )
})

test('it arrives as HTML and text, once more under the same Message-ID', async () => {
  const made = await signInMail({ ...mail, language: 'fr' })
  for (const _ of [1, 2]) await sendMail({ job: 'mail.sign_in', identity: 'sign-in.7', to: mail.to, ...made })
  const [first, second] = await Promise.all(sink.received.map(({ data }) => PostalMime.parse(data)))
  expect(first?.messageId).toBe('<sign-in.7@portal.example.com>')
  expect(second?.messageId).toBe(first?.messageId)
  expect(first?.subject).toBe(made.subject)
  expect(first?.html?.trim()).toBe(made.html.trim())
  expect(first?.text).toContain(mail.code)
  expect(first?.from).toEqual({ name: 'Latchkey', address: 'portal@latchkey.example' })
  expect(sink.received.map(({ to }) => to)).toEqual([[mail.to], [mail.to]])
})

test('an address that looks like two reaches nobody else', async () => {
  const before = sink.received.length
  const made = await signInMail({ ...mail, language: 'en' })
  await sendMail({
    job: 'mail.sign_in',
    identity: 'sign-in.8',
    to: 'a@acme.example,eve@evil.example',
    ...made,
  }).catch(() => {})
  expect(sink.received.slice(before).flatMap(({ to }) => to)).not.toContain('eve@evil.example')
})

test('a mail server that hangs is given up on: each step has its time limit, of the address or else ours', () => {
  const { options } = createTransport(
    withTimeLimits('smtp://user:p%40ss@mail.example.com:587?socketTimeout=20000'),
  )
  expect(options).toMatchObject({
    host: 'mail.example.com',
    port: 587,
    auth: { user: 'user', pass: 'p@ss' },
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 20_000,
    dnsTimeout: 5_000,
  })
})

test('a mail server that greets and then hangs is given up on after ten seconds of silence', async () => {
  const made = await signInMail({ ...mail, language: 'en' })
  const real = Socket.prototype.setTimeout
  const limits: number[] = []
  // The connection's own clock runs a hundred times as fast.
  const clock = vi.spyOn(Socket.prototype, 'setTimeout').mockImplementation(function (
    this: Socket,
    limit,
    then,
  ) {
    limits.push(limit)
    return real.call(this, limit / 100, then)
  })
  sink.withhold()
  try {
    await expect(
      sendMail({ job: 'mail.sign_in', identity: 'sign-in.9', to: mail.to, ...made }),
    ).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
  } finally {
    sink.answer()
    clock.mockRestore()
  }
  // What holds while it is connected; looking up its name had another.
  expect(limits.at(-1)).toBe(10_000)
})
