import { eq } from 'drizzle-orm'
import { people } from '@/db/schema/people'
import { asOrganization } from '@/db/scope'
import type { Jobs } from '@/lib/jobs/jobs'
import { requestAnsweredMail, requestAskedMail } from '@/lib/mail/request'
import { sendOnce } from '@/lib/mail/send-once'
import { findRequest } from './requests'
import { isMember } from './role'
import { staffOf } from './told'

/**
 * The job `mail.request_asked`: to each account manager of the organization, or where it has none to the admins; once when it is
 * asked, and once of each reply to what they asked back. Nothing of what was decided or withdrawn meanwhile.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendRequestAsked({ organizationId, requestId }: Jobs['mail.request_asked']) {
  const found = await asOrganization(organizationId, async (tx) => {
    const request = await findRequest(tx, organizationId, requestId)
    return request?.state === 'open' ? { request, ...(await staffOf(tx, organizationId)) } : undefined
  })
  if (!found) return
  const { request, told } = found
  const reply = request.answers.at(-1) ?? null
  const about = `request-asked.${reply?.id ?? requestId}`
  for (const { personId, to, language } of told) {
    const make = () => requestAskedMail({ to, language, request, reply: reply?.note ?? null })
    await sendOnce({ job: 'mail.request_asked', organizationId, about, personId, to, make })
  }
}

/**
 * The job `mail.request_answered`: to who asked, of the last answer that is not their own. Who is no member any more is told
 * nothing, unless what they asked was to become one.
 * @throws as `sendRequestAsked` does
 */
export async function sendRequestAnswered({ organizationId, requestId }: Jobs['mail.request_answered']) {
  const found = await asOrganization(organizationId, async (tx) => {
    const request = await findRequest(tx, organizationId, requestId)
    if (!request) return undefined
    const { askedById: personId, kind } = request
    if (kind !== 'join' && !(await isMember(tx, organizationId, personId))) return undefined
    const [person] = await tx
      .select({ to: people.email, language: people.language })
      .from(people)
      .where(eq(people.id, personId))
    return person && { request, personId, ...person }
  })
  if (!found) return
  const { request, personId, to, language } = found
  const { state } = request
  const last = request.answers.at(-1)
  if (!last || state === 'open' || state === 'withdrawn') return
  const about = `request-answered.${last.id}`
  const make = () => requestAnsweredMail({ to, language, request, state, note: last.note })
  await sendOnce({ job: 'mail.request_answered', organizationId, about, personId, to, make })
}
