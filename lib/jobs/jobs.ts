import type { MemberRole } from '@/lib/access'

/** Each job's payload, by the job's name. A secret in it is sealed by `keys/vault.ts`. */
export interface Jobs {
  'mail.sign_in': { signInId: string; sealed: string }
  /** To whatever address was typed with a trial: its code and its link, sealed likewise. */
  'mail.trial_confirm': { signInId: string; sealed: string }
  /** To who asked for a trial: that the account manager looks at it first. */
  'mail.trial_waits': { organizationId: string; requestId: string }
  /** Goes on with a sign-up whose address was confirmed, where whoever did that could not. */
  settle_sign_up: { signUpId: string }
  /** Somebody signed in with a browser that this person had not used before. `at`: ISO 8601. */
  'mail.new_device': { personId: string; sessionId: string; device: string; at: string }
  /** A side's mail of a change of address; `sealed`: the token of its link. */
  'mail.email_change': { changeId: string; side: 'old' | 'new'; sealed: string }
  /** `sealed`: the token of its link. */
  'mail.invitation': { organizationId: string; invitationId: string; sealed: string }
  'mail.role_changed': MemberChange & { role: MemberRole }
  'mail.removed': MemberChange
  /** To an owner; `revealed` names the keys, and is none of them. */
  'mail.key_revealed': MemberChange & { revealed: string[] }
  /** To an owner, of somebody who asks to be let in: who holds the named key, or has an address at the owners' own domain. */
  'mail.asked_to_join': MemberChange & { shortId: string | null }
  /** To those whose GLPIs need the new keys of what was paid, and to who paid it. */
  'mail.keys_ready': { organizationId: string; checkoutId: string }
  /** To those who pay, of money that did not come. */
  'mail.payment_failed': { organizationId: string; checkoutId: string }
  /** To staff, of money that came after it had been given up. */
  'mail.paid_late': { organizationId: string; checkoutId: string }
  /** To those who pay, of what ends soon. */
  'mail.reminders': { organizationId: string }
  /** To those who may put keys into GLPI, of the new ones that wait while the old ones end. */
  'mail.not_in_glpi': { organizationId: string }
  /** To those who may put keys into GLPI: that a trial has begun, and where its key is. */
  'mail.trial_begun': { organizationId: string; keyId: string }
  /** To them and to those who pay: that a trial ends, or has ended. */
  'mail.trial_ends': { organizationId: string; keyId: string }
  /** To the account managers, of what somebody asks them to decide, or has replied. */
  'mail.request_asked': { organizationId: string; requestId: string }
  /** To who asked for something, of what was answered. */
  'mail.request_answered': { organizationId: string; requestId: string }
  /** To those who pay: until when it is paid, and that it renews by itself no longer. */
  'mail.automatic_ended': { organizationId: string; renewalId: string }
  /** To those who pay, of a charge that did not succeed. */
  'mail.charge_failed': { organizationId: string; invoiceId: string }
  /** Closes what somebody was about to pay for a key that was revoked. */
  close_checkouts: { organizationId: string; keyId: string }
  /** To staff, of what no rule decides about an invoice. */
  'mail.payment_matter': {
    organizationId: string
    invoiceId: string
    what: 'dispute' | 'names_no_line' | 'money_kept' | 'not_free'
  }
  /** To those who pay or put keys into GLPI, of keys whose payment went back, or stands again: one mail of a payment. */
  'mail.keys_returned': { organizationId: string; revocationIds: string[]; restored: boolean }
  /** Brings the next charge to the end of what is paid. */
  align_automatic: { organizationId: string; subscriptionId: string }
  /** Sees to it that Stripe charges nothing any more; a subscription of Stripe's where it is another than what is known. */
  end_automatic: { organizationId: string; renewalId: string; stripeSubscriptionId?: string }
  /** Daily; it has no payload of its own. */
  remind: unknown
  /** Daily, likewise. */
  remind_trials: unknown
  /** Hourly, likewise. */
  find_waiting_keys: unknown
  /** Daily, likewise. */
  clean_up: unknown
  /** Nightly, likewise. */
  reconcile_payments: unknown
  /** Hourly, likewise. */
  sign_audit_heads: unknown
}

interface MemberChange {
  organizationId: string
  /** Names the change, so that its mail has the same Message-ID each time. */
  changeId: string
  memberId: string
  byPersonId: string
  /** ISO 8601 */
  at: string
}
