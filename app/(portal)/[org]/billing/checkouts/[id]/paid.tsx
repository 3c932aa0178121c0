import type { Visit } from '@/app/_request/session'
import { KeepFresh } from '@/components/keep-fresh'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { whichCome } from '@/lib/keys/rules'
import { lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { vatOf } from '@/lib/messages/sum-words'
import type { CheckoutLineRow, CheckoutRow } from '@/lib/payments/queries'
import { taxOf } from '../../tax-of'

interface Props {
  visit: Visit
  checkout: CheckoutRow
  /** The new keys that their plugins fetch by themselves. */
  come: ReadonlySet<string>
  now: Date
}

/** What was paid, with what was really charged once the invoice says so, and of what is gone since what that means. */
export function Paid({ visit, checkout, come, now }: Props) {
  const { t, language } = visit
  const { lines, amount, charged, refunded, currency, reverseCharge } = checkout
  const ofVat = { tax: checkout.tax ?? 0, reverseCharge: reverseCharge ?? false }
  const vat = t('billing.vat', { how: vatOf(ofVat), tax: money(ofVat.tax, currency, language) })
  const total = money(charged ?? amount, currency, language)
  const tax = taxOf(lines)
  const there = lines.filter(({ gone }) => !gone)
  const isIn = there.every(({ newKey }) => newKey?.firstSeenAt)
  const waiting = there.flatMap(({ newKey }) =>
    newKey && !newKey.firstSeenAt ? [{ comes: come.has(newKey.id) }] : [],
  )
  return (
    <>
      {!isIn && <KeepFresh seconds={10} />}
      <Notice tone={there.length > 0 ? 'ok' : 'calm'}>
        <b>{t(`billing.checkout.${said(lines)}`, { count: there.length || lines.length })}</b>{' '}
        {charged === null
          ? t('billing.checkout.paid_text', { total, tax })
          : t('billing.checkout.charged', { total, vat })}{' '}
        {refunded ? t('billing.checkout.refunded', { amount: money(refunded, currency, language) }) : ''}{' '}
        {waiting.some(({ comes }) => comes) &&
          t('billing.checkout.comes', { count: waiting.length, come: whichCome(waiting) })}
      </Notice>
      {lines.map((line) => line.gone && <Gone key={line.id} visit={visit} line={line} now={now} />)}
    </>
  )
}

function said(lines: CheckoutLineRow[]): 'paid' | 'went_back' | 'none_left' {
  if (lines.some(({ gone }) => !gone)) return 'paid'
  return lines.every(({ newKey }) => newKey?.refundedAt) ? 'went_back' : 'none_left'
}

/** Which line it is, and which key counts in its place. */
function Gone({ visit, line, now }: { visit: Visit; line: CheckoutLineRow; now: Date }) {
  const { t, language, organization } = visit
  const { product, instance, newKey, oldKey } = line
  const old = oldWorks(line, now) ? oldKey : null
  return (
    <Notice tone="soon">
      <LongNames names={[instance]}>
        {t('billing.checkout.gone', {
          product,
          instance: instance ?? t('billing.everywhere'),
          reason: newKey?.refundedAt ? (line.gone ?? '') : 'other',
          why: t('keys.revoked_because', { reason: line.gone ?? '' }),
          shortId: newKey?.shortId ?? '',
          old: old?.shortId ?? 'none',
          date: old?.expiresAt ? lastDay(old.expiresAt, language, organization.timeZone) : '',
        })}
      </LongNames>
    </Notice>
  )
}

/** Whether the key before goes on beside the new one, or in its place. */
export const oldWorks = ({ oldKey, oldRevoked }: CheckoutLineRow, now: Date) =>
  Boolean(oldKey?.expiresAt && oldKey.expiresAt > now && !oldRevoked)
