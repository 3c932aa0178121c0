import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Running, startProcess } from '@/scripts/processes'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Starts a mail server that delivers nowhere, with a page to read what it got. Mails are gone when it ends. */
export function startMail(options: {
  smtpPort: number
  webPort: number
  folder: string
  print: (line: string) => void
}): Running {
  rmSync(options.folder, { recursive: true, force: true })
  mkdirSync(path.dirname(options.folder), { recursive: true })
  return startProcess({
    name: 'mail',
    command: [
      process.execPath,
      '--import',
      './scripts/typescript.mjs',
      'sandbox/mail-server.ts',
      `${options.smtpPort}`,
      `${options.webPort}`,
      options.folder,
    ],
    cwd: root,
    env: process.env,
    output: (line) => options.print(`[mail] ${line}`),
    readyUrl: `http://127.0.0.1:${options.webPort}/email`,
  })
}

const Mail = z.object({
  id: z.string(),
  subject: z.string().default(''),
  text: z.string().default(''),
  html: z
    .union([z.string(), z.literal(false)])
    .transform((html) => html || '')
    .default(''),
  headers: z.record(z.string(), z.unknown()),
})

export type Mail = z.infer<typeof Mail>

/** What has arrived for an address, the oldest first. The portal writes addresses in lower case, and so must who asks. */
export async function readMails(webPort: number, to: string): Promise<Mail[]> {
  // The server picks them out: all that it keeps are megabytes, and a test asks again and again.
  const wanted = new URLSearchParams({ 'envelope.to.address': to })
  const response = await fetch(`http://127.0.0.1:${webPort}/email?${wanted}`)
  return z.array(Mail).parse(await response.json())
}
