import { asOrganization, type OrganizationTx } from '@/db/scope'
import type { Permission } from '@/lib/access'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import type { Jobs } from '@/lib/jobs/jobs'
import { sendOnce } from '@/lib/mail/send-once'
import { trialBegunMail, trialEndsMail } from '@/lib/mail/trial'
import { toldBy } from '@/lib/organizations/told'
import { findTrial } from './queries'
import { trialMarkDue } from './rules'

/**
 * The job `mail.trial_begun`: to each who may put keys into GLPI. Of a trial that was bought or revoked before it was sent
 * nobody is told.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendTrialBegun({ organizationId, keyId }: Jobs['mail.trial_begun']) {
  const at = now()
  const { trial, told, organization } = await asOrganization(organizationId, (tx) =>
    whatAndWhom(tx, organizationId, keyId, at, ['key.reveal']),
  )
  if (trial?.standing !== 'runs') return
  const about = `trial-begun.${keyId}`
  for (const one of told)
    await sendOnce({
      ...{ job: 'mail.trial_begun' as const, organizationId, about, ...one },
      make: () => trialBegunMail({ ...one, ...organization, trial }),
    })
}

/**
 * The job `mail.trial_ends`: also to each who pays. Each is told once of each mark, and of each end: one that was moved is told
 * anew. Not of what was bought or revoked, nor of an instance that is no longer in use.
 * @throws as `sendTrialBegun` does
 */
export async function sendTrialEnds({ organizationId, keyId }: Jobs['mail.trial_ends']) {
  const at = now()
  const { trial, told, organization } = await asOrganization(organizationId, (tx) =>
    whatAndWhom(tx, organizationId, keyId, at, ['key.reveal', 'checkout.begin']),
  )
  if (!trial || trial.retired || (trial.standing !== 'runs' && trial.standing !== 'ran')) return
  const mark = trialMarkDue(trial, at, organization.timeZone)
  if (mark === null) return
  const about = `trial-ends.${keyId}.${trial.endsAt.getTime()}.${mark}`
  const sells = env().STRIPE_SECRET_KEY !== undefined
  for (const one of told)
    await sendOnce({
      ...{ job: 'mail.trial_ends' as const, organizationId, about, ...one },
      make: () => trialEndsMail({ ...one, ...organization, trial, mark, sells, at }),
    })
}

async function whatAndWhom(
  tx: OrganizationTx,
  organizationId: string,
  keyId: string,
  at: Date,
  permissions: Permission[],
) {
  const trial = await findTrial(tx, organizationId, keyId, at)
  return { trial, ...(await toldBy(tx, organizationId, permissions)) }
}
