import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Button, LinkButton, mailTo } from '@/components/ui/button'
import { Empty, Notice } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { env } from '@/lib/env'
import { expiringDays } from '@/lib/keys/rules'
import { listPayable, type Payable } from '@/lib/payments/payable'
import { type CheckoutRow, hasCustomer, openCheckouts } from '@/lib/payments/queries'
import { isDueBy } from '@/lib/payments/rules'
import { sells } from '@/lib/payments/stripe'
import { Portal } from '../../portal'
import { Portal as AtStripe } from './at-stripe'
import { BuyLink } from './buy/link'
import { OpenCheckouts } from './open-checkouts'
import { SubscriptionTable } from './subscription-table'

interface Props {
  params: Promise<{ org: string }>
  /** `s`: what is ticked instead of what is due. */
  searchParams: Promise<{ s?: string | string[] }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org, 'billing.read')
  return t('billing.title')
})

export default organizationPage(BillingPage)

async function BillingPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org, 'billing.read')
  const { t, organization } = visit
  const { organizationId } = organization
  const { data, needs, at } = await read(visit, async (tx, now) => ({
    ...(await listPayable(tx, organizationId, now)),
    open: await openCheckouts(tx, organizationId),
    known: await hasCustomer(tx, organizationId),
  }))
  const { currency, payable, open, known } = data
  const isDue = (one: Payable) => one.verdict.ok && isDueBy(one, at, expiringDays)
  const chosen = [(await searchParams).s ?? []].flat()
  const isTicked = (one: Payable) =>
    chosen.length > 0 ? one.verdict.ok && chosen.includes(one.subscriptionId) : isDue(one)
  return (
    <Portal visit={visit} current="billing" needs={needs}>
      <Head visit={visit} due={payable.filter(isDue).length} open={open} />
      {!sells() && <NothingSold visit={visit} />}
      {open.length > 0 && (
        <Section title={t('billing.open')}>
          <OpenCheckouts visit={visit} checkouts={open} />
        </Section>
      )}
      {payable.length === 0 ? (
        <Panel>
          <Empty icon="credit-card" title={t('billing.none_title')}>
            {t('billing.none_text')}
          </Empty>
        </Panel>
      ) : (
        <Section title={t('billing.subscriptions')}>
          <form action={`/${organization.slug}/billing/renew`} method="get">
            <SubscriptionTable visit={visit} payable={payable} currency={currency} isDue={isTicked} />
            {sells() && may(organization.role, 'checkout.begin') && payable.some((one) => one.verdict.ok) && (
              <p className="after row">
                <Button variant="primary" icon="credit-card">
                  {t('billing.renew_ticked')}
                </Button>
              </p>
            )}
          </form>
        </Section>
      )}
      <AtStripe visit={visit} known={known} />
    </Portal>
  )
}

function Head({ visit, due, open }: { visit: Visit; due: number; open: CheckoutRow[] }) {
  const failing = open.filter(({ charge }) => charge?.failedAt).length
  const unfinished = open.filter(({ state, charge }) => state === 'open' && !charge?.failedAt).length
  const { t, organization } = visit
  return (
    <PageHead
      title={t('billing.title')}
      sentence={t('billing.sentence', { count: due, open: unfinished, failing })}
      actions={
        <>
          <LinkButton href={`/${organization.slug}/billing/invoices`}>
            {t('billing.invoices.link')}
          </LinkButton>
          <BuyLink visit={visit} />
        </>
      }
    />
  )
}

function NothingSold({ visit: { t } }: { visit: Visit }) {
  const support = env().SUPPORT_EMAIL
  return (
    <Notice tone="calm" silent>
      {t.rich('billing.off', { support, mail: mailTo(support) })}
    </Notice>
  )
}
