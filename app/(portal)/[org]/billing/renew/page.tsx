import { randomUUID } from 'node:crypto'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongWords } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { isId } from '@/lib/ids'
import { lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { mostLines } from '@/lib/payments/begin-checkout'
import { listPayable, type Payable } from '@/lib/payments/payable'
import { sells } from '@/lib/payments/stripe'
import { Portal } from '../../../portal'
import { pay } from '../actions'

interface Props {
  params: Promise<{ org: string }>
  /** Of what is to be renewed: subscriptions, or keys of them. */
  searchParams: Promise<{ s?: string | string[]; k?: string | string[] }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org, 'checkout.begin')
  return t('billing.renew.title')
})

export default organizationPage(RenewPage)

/** What is about to be paid: what, for which instance, until when, for how much. */
async function RenewPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org, 'checkout.begin')
  const { s = [], k = [] } = await searchParams
  const idsOf = (given: string | string[]) => [given].flat().filter(isId).slice(0, mostLines)
  const wanted = { subscriptionIds: idsOf(s), keyIds: idsOf(k) }
  const { t, organization, language } = visit
  const { data, needs, at } = await read(visit, (tx, now) =>
    listPayable(tx, organization.organizationId, now, wanted),
  )
  const { currency, payable } = data
  const now = payable.filter(({ verdict }) => sells() && verdict.ok)
  const not = payable.filter(({ verdict }) => !verdict.ok)
  const amount = now.reduce((sum, { price }) => sum + (price?.amount ?? 0), 0)
  const total = money(amount, currency, language)
  const tax = now.every(({ price }) => price?.taxBehavior === 'inclusive') ? 'inclusive' : 'exclusive'
  return (
    <Portal visit={visit} current="billing" needs={needs}>
      <PageHead
        title={t('billing.renew.title')}
        sentence={
          now.length > 0
            ? t('billing.renew.sentence', { count: now.length, total, tax })
            : t('billing.renew.nothing')
        }
      />
      {now.length > 0 && (
        <Lines visit={visit} now={now} currency={currency} total={total} tax={tax} at={at} />
      )}
      {not.length > 0 && <NotNow visit={visit} not={not} />}
      {now.length > 0 ? (
        <Pay visit={visit} now={now} amount={amount} currency={currency} total={total} />
      ) : (
        <p className="after">
          <LinkButton href={`/${organization.slug}/billing`}>{t('billing.renew.cancel')}</LinkButton>
        </p>
      )}
    </Portal>
  )
}

interface LinesProps {
  visit: Visit
  now: Payable[]
  currency: string
  total: string
  tax: 'inclusive' | 'exclusive'
  at: Date
}

function Lines({ visit, now, currency, total, tax, at }: LinesProps) {
  const { t } = visit
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('billing.product')}</th>
            <th scope="col">{t('billing.next')}</th>
            <th scope="col">{t('billing.price')}</th>
          </tr>
        </thead>
        <tbody>
          {now.map((one) => (
            <Line key={one.subscriptionId} visit={visit} one={one} currency={currency} now={at} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <td colSpan={2}>
              <b>{t('billing.renew.total')}</b>
            </td>
            <td>
              <b>{total}</b> <small>{t(`billing.tax.${tax}`)}</small>
            </td>
          </tr>
        </tfoot>
      </table>
    </Panel>
  )
}

interface LineProps {
  visit: Visit
  one: Payable
  currency: string
  now: Date
}

function Line({ visit: { t, language, organization }, one, currency, now }: LineProps) {
  const { product, instance, shortId, price, next, termEndsAt, keyExpiresAt } = one
  const day = (end: Date) => lastDay(end, language, organization.timeZone)
  const last = next ? day(next.endsAt) : ''
  return (
    <tr>
      <td>
        <b>{product}</b>
        <small>
          <LongWords>{instance ?? t('billing.everywhere')}</LongWords> <code>{shortId}</code>
        </small>
      </td>
      <td data-head={t('billing.next')}>
        {keyExpiresAt > now ? (
          <>
            {t('billing.renew.no_day_lost', { until: day(termEndsAt), last })}
            <small>{t('billing.renew.works_until', { date: day(keyExpiresAt) })}</small>
          </>
        ) : (
          t('billing.renew.begins_today', { last })
        )}
      </td>
      <td data-head={t('billing.price')} className="whitespace-nowrap">
        {price && money(price.amount, currency, language)}{' '}
        <small>{price && t(`billing.tax.${price.taxBehavior}`)}</small>
      </td>
    </tr>
  )
}

function NotNow({ visit: { t, organization }, not }: { visit: Visit; not: Payable[] }) {
  return (
    <Section title={t('billing.renew.not_now')}>
      <ul>
        {not.map(({ subscriptionId, product, shortId, verdict }) => (
          <li key={subscriptionId}>
            {product} <code>{shortId}</code>{' '}
            {!verdict.ok && <small>{t(`billing.verdict.${verdict.because}`)}</small>}{' '}
            {!verdict.ok && verdict.because === 'being_paid' && (
              <a className="link" href={`/${organization.slug}/billing/checkouts/${verdict.checkoutId}`}>
                {t('billing.see')}
              </a>
            )}
          </li>
        ))}
      </ul>
    </Section>
  )
}

interface PayProps {
  visit: Visit
  now: Payable[]
  amount: number
  currency: string
  total: string
}

function Pay({ visit: { t, organization }, now, amount, currency, total }: PayProps) {
  const subscriptionIds = now.map(({ subscriptionId }) => subscriptionId).join(' ')
  return (
    <Section title={t('billing.renew.then')}>
      <Panel padded>
        <ActionForm
          action={pay}
          hidden={{
            organization: organization.slug,
            idempotencyKey: randomUUID(),
            subscriptionIds,
            shown: String(amount),
            currency,
          }}
        >
          <Notice tone="calm" silent>
            {t('billing.renew.vat_note')}
          </Notice>
          <p>{t('billing.renew.old_key')}</p>
          <div className="row">
            <SubmitButton variant="primary" icon="credit-card" pendingText={t('shell.busy')}>
              {t('billing.renew.pay', { total })}
            </SubmitButton>
            <LinkButton variant="quiet" href={`/${organization.slug}/billing`}>
              {t('billing.renew.cancel')}
            </LinkButton>
          </div>
        </ActionForm>
      </Panel>
    </Section>
  )
}
