import { createTransport, type Transporter } from 'nodemailer'
import { env } from '@/lib/env'
import type { MailSentAlways } from './kinds'

export interface Mail {
  /** The job that sends it. What a person may be spared goes out by `sendOnce` alone, which asks. */
  job: MailSentAlways | 'sendOnce'
  /** What it is about, such as `sign-in.<id>`: a job that runs twice sends the same Message-ID, which mail programs fold into one. */
  identity: string
  to: string
  subject: string
  html: string
  text: string
  /** Beyond those of every mail. */
  headers?: Record<string, string>
}

let transport: Transporter | undefined

/**
 * Sends a mail through SMTP_URL. Every step has a time limit, so that a mail server that hangs holds up no worker.
 * @throws when the mail server does not take it; the job then tries again.
 */
export async function sendMail({ identity, to, subject, html, text, headers }: Mail) {
  const { MAIL_FROM, PUBLIC_URL } = env()
  await smtp().sendMail({
    from: MAIL_FROM,
    // An object, because a bare string is read as a list of addresses.
    to: { name: '', address: to },
    subject,
    html,
    text,
    messageId: `<${identity}@${new URL(PUBLIC_URL).hostname}>`,
    // RFC 3834: no out-of-office reply to this.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All', ...headers },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

function smtp(): Transporter {
  transport ??= createTransport(withTimeLimits(env().SMTP_URL))
  return transport
}

const timeLimits = {
  connectionTimeout: 5_000,
  greetingTimeout: 5_000,
  socketTimeout: 10_000,
  dnsTimeout: 5_000,
}

/** The mail server's address with time limits (milliseconds) in it: beside an address nodemailer reads no options. */
export function withTimeLimits(address: string): string {
  const url = new URL(address)
  for (const [name, limit] of Object.entries(timeLimits))
    if (!url.searchParams.has(name)) url.searchParams.set(name, String(limit))
  return url.href
}
