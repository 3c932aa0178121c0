import type { StaffVisit } from '@/app/_request/staff'
import { LongWords } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { Panel, Section } from '@/components/ui/panel'
import { asStaff } from '@/db/scope'
import { moment } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { paymentsForStaff } from '@/lib/staff/payments'

type Difference = Awaited<ReturnType<typeof paymentsForStaff>>['differences'][number]

/** How the portal stands with Stripe, and what somebody has to look at. */
export async function Payments({ visit }: { visit: StaffVisit }) {
  const { t, session, language } = visit
  const { differences, lastEventAt, reconciledAt, missed } = await asStaff(session.personId, paymentsForStaff)
  const at = (when: Date) => moment(when, language, session.timeZone)
  return (
    <Section title={t('staff.payments.title')}>
      <Notice tone={differences.length > 0 ? 'bad' : 'calm'} silent>
        <p>
          <b>
            {differences.length > 0
              ? t('staff.payments.differ', { count: differences.length })
              : t(reconciledAt ? 'staff.payments.agreed' : 'staff.payments.not_reconciled')}
          </b>
        </p>
        {reconciledAt && <p>{t('staff.payments.reconciled', { at: at(reconciledAt), missed })}</p>}
        <p>
          {lastEventAt
            ? t('staff.payments.last_event', { at: at(lastEventAt) })
            : t('staff.payments.no_event')}
        </p>
      </Notice>
      {differences.length > 0 && (
        <Panel>
          <table className="table">
            <tbody>
              {differences.map((one) => (
                <DifferenceRow key={one.id} visit={visit} one={one} />
              ))}
            </tbody>
          </table>
        </Panel>
      )}
    </Section>
  )
}

function DifferenceRow({ visit: { t, language, session }, one }: { visit: StaffVisit; one: Difference }) {
  const { kind, subject, slug, organization, checkoutId, amount, currency, foundAt } = one
  const price = amount !== null && currency ? money(amount, currency, language) : ''
  const mode = subject === 'live' ? 'live' : 'test'
  return (
    <tr>
      <td>
        <b>{t(`staff.payments.${kind}.what`, { mode })}</b>
        <p className="break-words">{t(`staff.payments.${kind}.do`)}</p>
        <small className="break-words">
          <code className="break-all" translate="no">
            {subject}
          </code>{' '}
          {t('staff.payments.since', { at: moment(foundAt, language, session.timeZone) })}
        </small>
      </td>
      <td>
        {slug && organization && (
          <>
            <a className="break-words" href={`/${slug}`}>
              <LongWords>{organization}</LongWords>
            </a>
            <small>
              <a
                href={`/${slug}/billing/checkouts/${checkoutId}`}
                aria-label={t('staff.payments.see_label', { amount: price, organization })}
              >
                {t('staff.payments.see')}
              </a>{' '}
              {price}
            </small>
          </>
        )}
      </td>
    </tr>
  )
}
