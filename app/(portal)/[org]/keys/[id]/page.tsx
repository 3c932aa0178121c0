import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Portal } from '@/app/(portal)/portal'
import { Done } from '@/components/done'
import { LinkButton } from '@/components/ui/button'
import { PageHead, Panel } from '@/components/ui/panel'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { type KeyQuestions, openQuestions } from '@/lib/activations/questions'
import { keyTimeline } from '@/lib/audit/queries'
import { now } from '@/lib/clock'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import type { Speaking } from '@/lib/keys/phrases'
import { type KeyRow, listKeys } from '@/lib/keys/queries'
import { endedWithKey } from '@/lib/payments/automatic/queries'
import { listPayable, type Payable } from '@/lib/payments/payable'
import { renewalsOf } from '@/lib/payments/renewals'
import { sells } from '@/lib/payments/stripe'
import { type UnderWay, underWay } from '@/lib/payments/under-way'
import { AutomaticLine } from '../../billing/automatic-line'
import { basketQuery } from '../../billing/basket'
import { mayBuyHere } from '../../billing/buy/link'
import { PaymentLink } from '../../billing/payment-link'
import { notPayable } from '../../billing/verdict-words'
import { Timeline, timelineSize } from '../../instances/[id]/timeline'
import { MayNot } from '../../may-not'
import { QuestionGroups } from '../../questions/groups'
import { KeyTable } from '../table'
import { KeyForms } from './forms'
import { Way } from './way'

/** As many as a key can have open. */
const mostQuestions = 40

const doneMessages = ['revoked', 'restored', 'extended', 'issued'] as const

interface Props {
  params: Promise<{ org: string; id: string }>
  searchParams: Promise<{ done?: unknown; before?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { org, id } = await params
  const { t, organization } = await requireMember(org)
  const { organizationId } = organization
  const { product, shortId } = await asOrganization(organizationId, (tx) =>
    foundKey(tx, organizationId, id, now()),
  )
  return t('staff.key.title', { product, shortId })
})

export default organizationPage(KeyPage)

/** One key: how it stands, what happened to it and, for those of the vendor who may, what can be done with it. */
async function KeyPage({ params, searchParams }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org)
  const { organization, language, t } = visit
  const { organizationId, slug, timeZone, role } = organization
  const { done, before: given } = await searchParams
  const before = /^\d{1,15}$/.test(String(given)) ? Number(given) : undefined
  const { data, needs, at } = await read(visit, async (tx, time) => ({
    row: await foundKey(tx, organizationId, id, time),
    questions: await openQuestions(tx, organizationId, { size: mostQuestions, keyId: id }),
    ways: await renewalsOf(tx, organizationId, id, time),
    payable: may(role, 'billing.read') ? await payableKey(tx, organizationId, id, time) : undefined,
    paying: await underWay(tx, organizationId, [id]),
    automaticOff: done === 'restored' && (await endedWithKey(tx, organizationId, id)),
    timeline: await keyTimeline(tx, organizationId, id, timelineSize + 1, before),
  }))
  const { row, questions, ways, timeline, payable } = data
  const [latest, ...others] = questions
  const groups: KeyQuestions[] = latest ? [[latest, ...others]] : []
  const speaking: Speaking = { t, language, timeZone, now: at }
  return (
    <Portal visit={visit} current="keys" needs={needs}>
      <PageHead
        title={t('staff.key.title', { product: row.product, shortId: row.shortId })}
        actions={<Renew visit={visit} row={row} payable={payable} underWay={data.paying.get(id)} />}
      />
      <Said visit={visit} done={done} automaticOff={data.automaticOff} />
      <Panel>
        <KeyTable visit={visit} rows={[row]} speaking={speaking} own />
      </Panel>
      <AutomaticNote visit={visit} one={payable} />
      {ways.map((way) => (
        <Way key={way.newKey.id} visit={visit} way={way} />
      ))}
      {groups.length > 0 && (
        <section aria-label={t('overview.questions')} className="my-4">
          <QuestionGroups visit={visit} groups={groups} />
        </section>
      )}
      {may(role, 'key.revoke') ? (
        <KeyForms visit={visit} row={row} now={at} />
      ) : (
        <MayNot visit={visit} permission="key.revoke" />
      )}
      <Timeline visit={visit} rows={timeline} path={`/${slug}/keys/${id}`} title={t('staff.key.timeline')} />
    </Portal>
  )
}

interface SaidProps {
  visit: Visit
  done: unknown
  automaticOff: boolean
}

/** What was just done to it. */
function Said({ visit: { t }, done, automaticOff }: SaidProps) {
  const said = doneMessages.find((one) => one === done)
  if (!said) return null
  return (
    <Done>
      {t(`staff.key.done.${said}`)} {automaticOff && t('staff.key.done.automatic_off')}
    </Done>
  )
}

/** Whether it renews by itself: to those who may see what is paid. */
function AutomaticNote({ visit, one }: { visit: Visit; one: Payable | undefined }) {
  if (!one) return null
  return (
    <p className="after">
      <AutomaticLine visit={visit} one={one} />
    </p>
  )
}

interface RenewProps {
  visit: Visit
  row: KeyRow
  payable: Payable | undefined
  underWay: UnderWay | undefined
}

/** Where it is the key of the last term, and can be paid here; or of what is only tried. */
function Renew({ visit, row, payable, underWay }: RenewProps) {
  const { slug, role } = visit.organization
  if (underWay) return <PaymentLink visit={visit} underWay={underWay} />
  if (row.kind === 'trial' && !row.renewedAt && mayBuyHere(role))
    return (
      <>
        <LinkButton icon="credit-card" href={`/${slug}/billing/buy?${basketQuery({ purchases: [row] })}`}>
          {visit.t('trials.keep')}
        </LinkButton>
        <MoreTime visit={visit} />
      </>
    )
  if (row.kind === 'trial' && !row.renewedAt) return <MoreTime visit={visit} />
  if (payable && !payable.verdict.ok && payable.verdict.because === 'revoked')
    return <small>{notPayable(visit, payable.verdict)}</small>
  if (row.kind !== 'subscription' || row.renewedAt || !sells() || !may(role, 'checkout.begin')) return null
  return (
    <LinkButton icon="credit-card" href={`/${slug}/billing/renew?k=${row.id}`}>
      {visit.t('overview.renew')}
    </LinkButton>
  )
}

/** Where a trial is made longer, or that is asked for. */
function MoreTime({ visit: { t, organization } }: { visit: Visit }) {
  if (!may(organization.role, 'trial.start')) return null
  return <LinkButton href={`/${organization.slug}/trials`}>{t('trials.more_time')}</LinkButton>
}

/** The key that the address names. @throws NotFound where the organization has none such. */
async function foundKey(tx: OrganizationTx, organizationId: string, id: string, at: Date) {
  if (!isId(id)) throw new NotFound('key')
  const filter = { organizationId, state: 'all', keyId: id } as const
  const { rows } = await listKeys(tx, filter, { sort: 'until', size: 1 }, at)
  if (!rows[0]) throw new NotFound('key')
  return rows[0]
}

/** What can be paid for the key, where it is that of the last term. */
async function payableKey(tx: OrganizationTx, organizationId: string, id: string, at: Date) {
  const { payable } = await listPayable(tx, organizationId, at, { subscriptionIds: [], keyIds: [id] })
  return payable.find(({ keyId }) => keyId === id)
}
