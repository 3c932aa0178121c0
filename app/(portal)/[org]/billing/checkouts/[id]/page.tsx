import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { KeepFresh } from '@/components/keep-fresh'
import { LinkButton } from '@/components/ui/button'
import { LongWords } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { env } from '@/lib/env'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import type { Speaking } from '@/lib/keys/phrases'
import { type KeyRow, listKeys } from '@/lib/keys/queries'
import { keysThatCome } from '@/lib/keys/waiting'
import { lastDay, moment } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { type CheckoutLineRow, type CheckoutRow, findCheckout } from '@/lib/payments/queries'
import { Portal } from '../../../../portal'
import { KeyTable } from '../../../keys/table'
import { chooseAt } from '../../basket'
import { Charging } from './charging'
import { chosenIn, GoOn } from './go-on'
import { oldWorks, Paid } from './paid'

interface Props {
  params: Promise<{ org: string; id: string }>
  searchParams: Promise<{ back?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org, 'billing.see_checkout')
  return t('billing.checkout.page_title')
})

export default organizationPage(CheckoutPage)

/** One payment: how it stands, and what it has brought. Whatever one comes here with, it issues nothing. */
async function CheckoutPage({ params, searchParams }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org, 'billing.see_checkout')
  const { t, organization, session, language } = visit
  const { organizationId, timeZone } = organization
  const { data, needs, at } = await read(visit, async (tx, now) => {
    const checkout = isId(id) ? await findCheckout(tx, organizationId, id) : undefined
    if (!checkout) throw new NotFound('checkout')
    // Each new key, and beside it the old one.
    const keyIds = checkout.lines.flatMap(({ newKey, oldKey }) =>
      newKey ? [newKey.id, ...(oldKey ? [oldKey.id] : [])] : [],
    )
    const rows = await Promise.all(keyIds.map((keyId) => keyRow(tx, organizationId, keyId, now)))
    const newIds = checkout.lines.flatMap(({ newKey }) => (newKey && !newKey.firstSeenAt ? [newKey.id] : []))
    return { checkout, rows: rows.flat(), come: await keysThatCome(tx, organizationId, newIds, now) }
  })
  const { checkout, rows, come } = data
  const newIds = new Set(checkout.lines.flatMap(({ newKey }) => newKey?.id ?? []))
  const oldIds = new Set(checkout.lines.flatMap(({ oldKey }) => oldKey?.id ?? []))
  const speaking: Speaking = { t, language, timeZone, now: at }
  const cameBack = (await searchParams).back === 'paid'
  return (
    <Portal visit={visit} current="billing" needs={needs}>
      <PageHead
        title={t('billing.checkout.title', { date: moment(checkout.begunAt, language, session.timeZone) })}
      />
      <How visit={visit} checkout={checkout} waiting={cameBack} come={come} now={at} />
      {rows.length > 0 && (
        <Panel>
          <KeyTable visit={visit} rows={rows} speaking={speaking} renewal={{ newIds, oldIds }} />
        </Panel>
      )}
      <Lines visit={visit} checkout={checkout} come={come} now={at} />
    </Portal>
  )
}

async function keyRow(
  tx: Parameters<typeof listKeys>[0],
  organizationId: string,
  keyId: string,
  now: Date,
): Promise<KeyRow[]> {
  return (await listKeys(tx, { organizationId, state: 'all', keyId }, { sort: 'until', size: 1 }, now)).rows
}

interface HowProps {
  visit: Visit
  checkout: CheckoutRow
  /** Somebody comes from Stripe's page, having paid. */
  waiting: boolean
  /** The new keys that their plugins fetch by themselves. */
  come: ReadonlySet<string>
  now: Date
}

/** How it stands, in a sentence, with what can be done; what changes by itself keeps itself up to date. */
function How({ visit, checkout, waiting, come, now }: HowProps) {
  const { t, organization } = visit
  const { state, lines } = checkout
  if (state === 'paid') return <Paid visit={visit} checkout={checkout} come={come} now={now} />
  if (state === 'on_its_way' && checkout.charge)
    return <Charging visit={visit} checkout={checkout} charge={checkout.charge} />
  if (state === 'on_its_way')
    return (
      <>
        <KeepFresh seconds={10} />
        <Notice tone="soon">
          <b>{t('billing.checkout.on_its_way')}</b>{' '}
          {t('billing.checkout.on_its_way_text', { old: oldKeysOf(lines, now) })}
        </Notice>
      </>
    )
  if (state === 'open' && waiting)
    return (
      <>
        <KeepFresh seconds={2} />
        <Notice tone="soon" icon="loader-circle">
          <b>{t('billing.checkout.waiting')}</b> {t('billing.checkout.waiting_text')}
        </Notice>
        <p className="after">
          <a className="link" href={`/${organization.slug}/billing/checkouts/${checkout.id}`}>
            {t('billing.checkout.nothing_came')}
          </a>
        </p>
      </>
    )
  if (state === 'open') return <GoOn visit={visit} checkout={checkout} />
  return <Ended visit={visit} checkout={checkout} />
}

/** Nothing was paid: why, and what of it can be paid still. */
function Ended({
  visit: { t, organization },
  checkout: { state, lines },
}: Pick<HowProps, 'visit' | 'checkout'>) {
  const support = env().SUPPORT_EMAIL
  const payable = lines.filter(({ lastRevokedFor }) => !lastRevokedFor)
  const rest = payable.length > 0 ? 'some' : 'none'
  return (
    <>
      <Notice tone="calm">
        <b>{t(`billing.checkout.${state}`)}</b> {t('billing.checkout.ended_text', { rest })}{' '}
        {lines.map(
          ({ id, lastKey, lastRevokedFor: reason }) =>
            reason && (
              <span key={id} className="block">
                {lastKey?.shortId}: {t('billing.verdict.revoked', { reason, support })}
              </span>
            ),
        )}
      </Notice>
      {payable.length > 0 && (
        <p className="after">
          <LinkButton variant="primary" href={`/${organization.slug}/billing${chooseAt(chosenIn(payable))}`}>
            {t('billing.checkout.again')}
          </LinkButton>
        </p>
      )}
    </>
  )
}

/** How the keys that it renews stand, as far as they decide what one waits for. */
function oldKeysOf(lines: CheckoutLineRow[], now: Date): 'none' | 'work' | 'ended' {
  const old = lines.flatMap(({ lastKey }) => lastKey ?? [])
  if (old.length === 0) return 'none'
  return old.every(({ expiresAt }) => expiresAt && expiresAt > now) ? 'work' : 'ended'
}

function Lines({
  visit,
  checkout,
  come,
  now,
}: Pick<HowProps, 'visit' | 'checkout' | 'come'> & { now: Date }) {
  const { t } = visit
  const end = endHead(checkout.lines.some(({ newKey }) => newKey))
  return (
    <Section title={t('billing.checkout.lines')}>
      <Panel>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('billing.product')}</th>
              <th scope="col">{t(end)}</th>
              <th scope="col">{t('billing.price')}</th>
            </tr>
          </thead>
          <tbody>
            {checkout.lines.map((line) => (
              <Line
                key={line.id}
                visit={visit}
                line={line}
                currency={checkout.currency}
                come={come}
                now={now}
              />
            ))}
          </tbody>
        </table>
      </Panel>
    </Section>
  )
}

const endHead = (paid: boolean) => (paid ? 'billing.paid_until' : 'billing.checkout.until')

interface LineProps {
  visit: Visit
  line: CheckoutLineRow
  currency: string
  come: HowProps['come']
  now: Date
}

function Line({ visit, line, currency, come, now }: LineProps) {
  const { t, language, organization } = visit
  const { product, instance, instanceId, retired, amount, taxBehavior, endsAt, newKey, oldKey } = line
  const day = (end: Date) => lastDay(end, language, organization.timeZone)
  return (
    <tr>
      <td>
        <b>{product}</b>
        <small>
          <LongWords>{instance ?? t('billing.everywhere')}</LongWords>
        </small>
        {newKey && retired && (
          <small>
            <a className="link" href={`/${organization.slug}/instances/${instanceId}`}>
              {t('billing.buy.retired')}
            </a>
          </small>
        )}
      </td>
      <td data-head={t(endHead(newKey !== null))}>
        {newKey?.refundedAt ? t('billing.checkout.back') : day(endsAt)}
        {oldKey?.expiresAt && oldWorks(line, now) && (
          <small>
            {t('billing.checkout.old_until', {
              shortId: oldKey.shortId,
              date: day(oldKey.expiresAt),
            })}
          </small>
        )}
        {newKey && <small>{keySaid(visit, newKey, line.gone, come)}</small>}
      </td>
      <td data-head={t('billing.price')} className="whitespace-nowrap">
        {money(amount, currency, language)} <small>{t(`billing.tax.${taxBehavior}`)}</small>
      </td>
    </tr>
  )
}

function keySaid(
  { t, language, session }: Visit,
  key: NonNullable<CheckoutLineRow['newKey']>,
  gone: string | null,
  come: ReadonlySet<string>,
) {
  const { shortId, firstSeenAt } = key
  if (gone)
    return t('billing.checkout.key_gone', { shortId, because: t('keys.revoked_because', { reason: gone }) })
  if (!firstSeenAt) return t('billing.checkout.not_in_glpi', { comes: come.has(key.id) ? 'yes' : 'no' })
  return t('billing.checkout.in_glpi', { date: moment(firstSeenAt, language, session.timeZone) })
}
