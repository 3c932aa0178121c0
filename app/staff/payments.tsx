import type { ReactNode } from 'react'
import type { StaffVisit } from '@/app/_request/staff'
import { LongWords } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { Panel, Section } from '@/components/ui/panel'
import { moment } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import type { PaymentMatter } from '@/lib/payments/staff-matters'
import type { FileAfterRefund } from '@/lib/staff/files-after-refund'
import type { paymentsForStaff } from '@/lib/staff/payments'
import { FileRow } from './file-after-refund'
import { Matter } from './payment-matters'

type Standing = Awaited<ReturnType<typeof paymentsForStaff>>
type Difference = Standing['differences'][number]

interface Props {
  visit: StaffVisit
  /** Null where this portal takes no payments. */
  standing: Standing | null
  matters: PaymentMatter[]
  files: FileAfterRefund[]
  /** The organizations, by their names in the address, that one acts for; an admin acts for all. */
  mine: string[]
}

/** All of payments that staff look at: what no rule decides, what outlives a refund, and how the portal stands with Stripe. */
export function Payments({ visit, standing, matters, files, mine }: Props) {
  const { t, role, language, session } = visit
  const acts = (slug: string) => role === 'admin' || mine.includes(slug)
  if (!standing && matters.length === 0 && files.length === 0) return null
  const at = standing?.reconciledAt
  const comparedAt = at ? moment(at, language, session.timeZone) : ''
  return (
    <Section title={t('staff.payments.title')}>
      <Part title={t('staff.matters.title')} note={t('staff.matters.note')}>
        {matters.map((matter) => (
          <Matter key={matter.id} visit={visit} matter={matter} acts={acts(matter.slug)} />
        ))}
      </Part>
      <Part title={t('staff.files.title')} note={t('staff.files.note')}>
        {files.map((file) => (
          <FileRow key={file.id} visit={visit} file={file} acts={acts(file.slug)} />
        ))}
      </Part>
      <Part
        title={t('staff.payments.differences')}
        note={t('staff.payments.differences_note', { at: comparedAt })}
      >
        {(standing?.differences ?? []).map((one) => (
          <DifferenceRow key={one.id} visit={visit} one={one} />
        ))}
      </Part>
      {standing && <Heard visit={visit} standing={standing} />}
    </Section>
  )
}

/** Where there is something in it. */
function Part({ title, note, children }: { title: string; note: string; children: ReactNode[] }) {
  if (children.length === 0) return null
  return (
    <>
      <h3 className="mt-4">
        {title} <small>{note}</small>
      </h3>
      <Panel>
        <table className="table">
          <tbody>{children}</tbody>
        </table>
      </Panel>
    </>
  )
}

/** When Stripe was last heard of, and asked. */
function Heard({ visit: { t, session, language }, standing }: { visit: StaffVisit; standing: Standing }) {
  const { differences, lastEventAt, reconciledAt, missed } = standing
  const at = (when: Date) => moment(when, language, session.timeZone)
  return (
    <div className="mt-4">
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
            : t('staff.payments.no_event')}{' '}
          {t('staff.payments.when_silent')}
        </p>
      </Notice>
    </div>
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
