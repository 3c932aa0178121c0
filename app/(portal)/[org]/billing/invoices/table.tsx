import type { Visit } from '@/app/_request/session'
import type { IconName } from '@/components/ui/icon-names'
import { Panel } from '@/components/ui/panel'
import { State, type Tone } from '@/components/ui/state'
import { lastDay, moment } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { vatOf } from '@/lib/messages/sum-words'
import type { InvoiceRow } from '@/lib/payments/list-invoices'
import type { InvoiceState } from '@/lib/payments/rules'

const looks: Record<InvoiceState, [Tone, IconName]> = {
  paid: ['ok', 'check'],
  open: ['soon', 'clock'],
  overdue: ['bad', 'triangle-exclamation-point'],
  refunded_in_part: ['calm', 'undo-2'],
  refunded: ['calm', 'undo-2'],
  charged_back: ['calm', 'undo-2'],
  void: ['calm', 'x'],
  uncollectible: ['bad', 'x'],
}

/** The invoices, the newest first; under each what came of it. */
export function InvoiceTable({ visit, rows }: { visit: Visit; rows: InvoiceRow[] }) {
  const { t } = visit
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('billing.invoices.number')}</th>
            <th scope="col">{t('billing.invoices.day')}</th>
            <th scope="col">{t('billing.invoices.amount')}</th>
            <th scope="col">{t('billing.invoices.status')}</th>
            <th scope="col">{t('billing.invoices.documents')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.id} visit={visit} row={row} />
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

function Row({ visit, row }: { visit: Visit; row: InvoiceRow }) {
  const { t, language, session, organization } = visit
  const { number, state, currency, total, createdAt, dueAt, hostedUrl, pdfUrl, entries } = row
  const [tone, icon] = looks[state]
  const waits = state === 'open' || state === 'overdue'
  return (
    <tr>
      <td>
        <b className="wrap-anywhere">{number}</b>
        {entries.map((entry) => (
          <Entry key={entry.id} visit={visit} entry={entry} currency={currency} />
        ))}
      </td>
      <td data-head={t('billing.invoices.day')}>{moment(createdAt, language, session.timeZone)}</td>
      <td data-head={t('billing.invoices.amount')}>
        {money(total, currency, language)}{' '}
        <small>{t('billing.vat', { how: vatOf(row), tax: money(row.tax, currency, language) })}</small>
      </td>
      <td data-head={t('billing.invoices.status')}>
        <State tone={tone} icon={icon}>
          {t(`billing.invoices.state.${state}`)}
        </State>
        {waits && dueAt && (
          <small>
            {t('billing.invoices.due', { date: lastDay(dueAt, language, organization.timeZone) })}
          </small>
        )}
      </td>
      <td data-head={t('billing.invoices.documents')}>
        {pdfUrl && (
          <a className="link" href={pdfUrl} rel="noreferrer">
            {t('billing.invoices.pdf', { number })}
          </a>
        )}
        {hostedUrl && (
          <small>
            <a className="link" href={hostedUrl} rel="noreferrer">
              {t('billing.invoices.hosted', { number })}
            </a>
          </small>
        )}
      </td>
    </tr>
  )
}

function Entry({
  visit: { t, language, session },
  entry,
  currency,
}: {
  visit: Visit
  entry: InvoiceRow['entries'][number]
  currency: string
}) {
  const { kind, status, amount, number, pdfUrl, happenedAt } = entry
  const facts = {
    ...{ kind, status, number: number ?? '', amount: money(amount, currency, language) },
    date: moment(happenedAt, language, session.timeZone),
  }
  return (
    <small>
      {t('billing.invoices.entry', facts)}{' '}
      {pdfUrl && (
        <a className="link" href={pdfUrl} rel="noreferrer">
          {t('billing.invoices.pdf', { number: number ?? '' })}
        </a>
      )}
    </small>
  )
}
