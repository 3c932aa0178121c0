import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { waitingKeys } from '@/lib/keys/waiting'
import { notInGlpiMail } from '@/lib/mail/not-in-glpi'
import { remindersMail } from '@/lib/mail/reminders'
import { sendOnce } from '@/lib/mail/send-once'
import { toldBy } from '@/lib/organizations/told'
import {
  addReminders,
  endReminders,
  openReminders,
  type ReminderKind,
  remindedTerms,
  reserveReminders,
} from './reminders'
import { sells } from './stripe'

/**
 * The job `mail.reminders`: one mail a day to each who pays, of all that ends. What is to be told is reserved first, so
 * that it is told once whatever becomes of this process; what is renewed meanwhile is left out.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendReminders({ organizationId }: Jobs['mail.reminders']) {
  const at = now()
  const { open, ...found } = await asOrganization(organizationId, async (tx) => {
    await reserveReminders(tx, organizationId, at)
    return {
      ...(await toldBy(tx, organizationId, 'checkout.begin')),
      ...(await remindedTerms(tx, organizationId, at)),
      open: await openReminders(tx, organizationId, 'ends'),
    }
  })
  const { organization, told, currency, terms } = found
  for (const { at: reservedAt, about, termIds } of open) {
    const lines = terms.flatMap(({ termId, payable }) => (termIds.has(termId) ? [payable] : []))
    const facts = { ...organization, currency, lines, sells: sells(), at }
    if (lines.length > 0)
      for (const one of told)
        await sendOnce({
          job: 'mail.reminders',
          organizationId,
          about,
          ...one,
          make: () => remindersMail({ ...one, ...facts }),
        })
    await done(organizationId, 'ends', reservedAt)
  }
}

/**
 * The job `mail.not_in_glpi`: one mail to each who may put keys into GLPI, of the new keys that no GLPI was seen with while the
 * old ones end, or have ended.
 * @throws as `sendReminders` does
 */
export async function sendNotInGlpi({ organizationId }: Jobs['mail.not_in_glpi']) {
  const at = now()
  const { open, waiting, organization, told } = await asOrganization(organizationId, async (tx) => {
    const waiting = await waitingKeys(tx, organizationId, at)
    const of = await toldBy(tx, organizationId, 'key.reveal')
    const due = waiting.map(({ termId }) => ({ termId, mark: 0 }))
    await addReminders(tx, organizationId, 'not_in_glpi', due, at)
    return { ...of, waiting, open: await openReminders(tx, organizationId, 'not_in_glpi') }
  })
  for (const { at: reservedAt, about, termIds } of open) {
    const keys = waiting.filter(({ termId }) => termIds.has(termId))
    if (keys.length > 0)
      for (const one of told)
        await sendOnce({
          ...{ job: 'mail.not_in_glpi' as const, organizationId, about, ...one },
          make: () => notInGlpiMail({ ...one, ...organization, keys, at }),
        })
    await done(organizationId, 'not_in_glpi', reservedAt)
  }
}

const done = (organizationId: string, kind: ReminderKind, reservedAt: Date) =>
  asOrganization(organizationId, (tx) => endReminders(tx, organizationId, kind, reservedAt, now()))
