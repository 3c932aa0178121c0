import type { Jobs } from '@/lib/jobs/jobs'

/** What a person may be spared. */
export const mailKinds = ['trials', 'not_in_glpi', 'requests'] as const
export type MailKind = (typeof mailKinds)[number]

/** Where one chooses. */
export const mailsAddress = '/account#mails'

/** The job of a mail. */
export type MailJob = Extract<keyof Jobs, `mail.${string}`>

/**
 * Of which kind each mail is; `always` cannot be turned off: it is about money, or about security, which who may see keys
 * and who belongs to an organization are part of.
 */
export const kindOf = {
  'mail.sign_in': 'always',
  'mail.new_device': 'always',
  'mail.trial_confirm': 'always',
  'mail.email_change': 'always',
  'mail.invitation': 'always',
  'mail.role_changed': 'always',
  'mail.removed': 'always',
  'mail.key_revealed': 'always',
  'mail.asked_to_join': 'always',
  'mail.keys_ready': 'always',
  'mail.payment_failed': 'always',
  'mail.paid_late': 'always',
  'mail.reminders': 'always',
  'mail.automatic_ended': 'always',
  'mail.charge_failed': 'always',
  'mail.payment_matter': 'always',
  'mail.keys_returned': 'always',
  'mail.not_in_glpi': 'not_in_glpi',
  'mail.trial_begun': 'trials',
  'mail.trial_ends': 'trials',
  'mail.request_asked': 'requests',
  'mail.request_answered': 'requests',
  'mail.trial_waits': 'requests',
} as const satisfies Record<MailJob, MailKind | 'always'>

type JobsOf<Kind> = { [Job in MailJob]: (typeof kindOf)[Job] extends Kind ? Job : never }[MailJob]
/** Those that need not ask whether the person wants them. */
export type MailSentAlways = JobsOf<'always'>
