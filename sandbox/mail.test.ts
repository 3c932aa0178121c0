import { rmSync } from 'node:fs'
import path from 'node:path'
import { createTransport } from 'nodemailer'
import { afterAll, expect, test } from 'vitest'
import { readMails, startMail } from '@/sandbox/mail'
import { freePort } from '@/sandbox/ports'
import { throwAwayFolder } from '@/sandbox/postgres-home'

const smtpPort = await freePort()
const webPort = await freePort()
const folder = throwAwayFolder()
const lines: string[] = []
const server = startMail({
  smtpPort,
  webPort,
  folder: path.join(folder, 'mails'),
  print: (line) => lines.push(line),
})
await server.ready
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

test('a mail sent by SMTP is read back, by its recipient alone', async () => {
  const transport = createTransport({ host: '127.0.0.1', port: smtpPort })
  const sent = await transport.sendMail({
    from: 'portal@latchkey.example',
    to: 'ada@acme.example',
    subject: 'Votre clé',
    text: 'Code: 123 456',
    html: '<p>Code: <b>123 456</b></p>',
  })
  transport.close()

  await expect.poll(() => readMails(webPort, 'ada@acme.example')).toHaveLength(1)
  const [mail] = await readMails(webPort, 'ada@acme.example')
  expect(mail).toMatchObject({ subject: 'Votre clé', html: '<p>Code: <b>123 456</b></p>' })
  expect(mail?.text.trim()).toBe('Code: 123 456')
  expect(mail?.headers['message-id']).toBe(sent.messageId)
  expect(await readMails(webPort, 'bob@acme.example')).toEqual([])
  expect(lines).toEqual([])
})
