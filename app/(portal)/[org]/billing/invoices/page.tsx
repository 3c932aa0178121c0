import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Button, LinkButton } from '@/components/ui/button'
import { FilterSelect } from '@/components/ui/field'
import { Empty } from '@/components/ui/notice'
import { Pager } from '@/components/ui/pager'
import { PageHead, Panel } from '@/components/ui/panel'
import { listInvoices } from '@/lib/payments/list-invoices'
import { type InvoiceState, invoiceStates } from '@/lib/payments/rules'
import { Portal } from '../../../portal'
import { cursorText, parseCursor } from './address'
import { InvoiceTable } from './table'

const pageSize = 50

interface Props {
  params: Promise<{ org: string }>
  searchParams: Promise<{ state?: unknown; after?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org, 'billing.read')
  return t('billing.invoices.title')
})

export default organizationPage(InvoicesPage)

async function InvoicesPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org, 'billing.read')
  const { t, organization } = visit
  const query = await searchParams
  const state = invoiceStates.find((one) => one === query.state)
  const after = parseCursor(query.after)
  const { data, needs } = await read(visit, (tx, now) =>
    listInvoices(tx, organization.organizationId, { state, after, size: pageSize }, now),
  )
  const here = `/${organization.slug}/billing/invoices`
  const chosen = state ? { state } : undefined
  const older = data.next && new URLSearchParams({ ...chosen, after: cursorText(data.next) })
  return (
    <Portal visit={visit} current="billing" needs={needs}>
      <PageHead
        title={t('billing.invoices.title')}
        sentence={t('billing.invoices.sentence')}
        actions={<LinkButton href={`/${organization.slug}/billing`}>{t('billing.renew.cancel')}</LinkButton>}
      />
      <Filter visit={visit} state={state} />
      {data.rows.length > 0 ? (
        <>
          <InvoiceTable visit={visit} rows={data.rows} />
          {(older || after) && (
            <Pager
              label={t('billing.invoices.pages')}
              summary={t('billing.invoices.shown', { count: data.rows.length })}
              previous={
                after && {
                  href: chosen ? `${here}?${new URLSearchParams(chosen)}` : here,
                  text: t('billing.invoices.newest'),
                }
              }
              next={older && { href: `${here}?${older}`, text: t('billing.invoices.older') }}
            />
          )}
        </>
      ) : (
        <Nothing visit={visit} filtered={state !== undefined || after !== undefined} />
      )}
    </Portal>
  )
}

function Filter({ visit: { t }, state }: { visit: Visit; state: InvoiceState | undefined }) {
  return (
    <search>
      <form className="filters" method="get" autoComplete="off">
        <FilterSelect
          name="state"
          label={t('billing.invoices.status')}
          chosen={state ?? ''}
          options={[
            { value: '', text: t('billing.invoices.any') },
            ...invoiceStates.map((one) => ({ value: one, text: t(`billing.invoices.state.${one}`) })),
          ]}
        />
        <Button type="submit">{t('billing.invoices.apply')}</Button>
      </form>
    </search>
  )
}

function Nothing({ visit: { t, organization }, filtered }: { visit: Visit; filtered: boolean }) {
  if (!filtered)
    return (
      <Panel>
        <Empty icon="credit-card" title={t('billing.invoices.none_title')}>
          {t('billing.invoices.none_text')}
        </Empty>
      </Panel>
    )
  return (
    <Panel>
      <Empty
        icon="search"
        title={t('billing.invoices.no_match_title')}
        actions={
          <LinkButton href={`/${organization.slug}/billing/invoices`}>{t('billing.invoices.all')}</LinkButton>
        }
      >
        {t('billing.invoices.no_match_text')}
      </Empty>
    </Panel>
  )
}
