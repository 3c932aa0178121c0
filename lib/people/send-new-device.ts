import { eq } from 'drizzle-orm'
import { people } from '@/db/schema/people'
import { asSystem } from '@/db/scope'
import type { Jobs } from '@/lib/jobs/jobs'
import { newDeviceMail } from '@/lib/mail/new-device'
import { sendMail } from '@/lib/mail/send'
import { translator } from '@/lib/messages/translator'
import { deviceWords } from './device'

/**
 * The job `mail.new_device`: tells a person that somebody signed in as them with a browser that is new.
 * @throws when the mail server does not take it; the job is then tried again.
 */
export async function sendNewDevice({ personId, sessionId, device, at }: Jobs['mail.new_device']) {
  const [person] = await asSystem('send a mail about a new device', (tx) =>
    tx
      .select({ to: people.email, language: people.language, timeZone: people.timeZone })
      .from(people)
      .where(eq(people.id, personId)),
  )
  if (!person) return
  const words = deviceWords(device, translator(person.language))
  const mail = await newDeviceMail({ ...person, device: words, at: new Date(at) })
  await sendMail({ job: 'mail.new_device', identity: `new-device.${sessionId}`, to: person.to, ...mail })
}
