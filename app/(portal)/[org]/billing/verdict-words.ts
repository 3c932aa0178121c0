import type { Visit } from '@/app/_request/session'
import { env } from '@/lib/env'
import type { AutomaticVerdict } from '@/lib/payments/automatic/rules'
import type { PayVerdict } from '@/lib/payments/rules'

type Refusal<Verdict> = Exclude<Verdict, { ok: true }>

const factsOf = (verdict: object) => ({
  reason: 'reason' in verdict ? String(verdict.reason) : '',
  support: env().SUPPORT_EMAIL,
})

/** Why it cannot be paid now; of a revoked key also for what, and whom to ask. */
export const notPayable = ({ t }: Visit, verdict: Refusal<PayVerdict>): string =>
  t(`billing.verdict.${verdict.because}`, factsOf(verdict))

/** Why it cannot renew by itself. */
export const notByItself = ({ t }: Visit, verdict: Refusal<AutomaticVerdict>): string =>
  t(`billing.automatic.why_not.${verdict.because}`, factsOf(verdict))
