import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Done } from '@/components/done'
import { KeepFresh } from '@/components/keep-fresh'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { moment } from '@/lib/messages/dates'
import { lastCharge, lastEnded } from '@/lib/payments/automatic/queries'
import { listPayable, type Payable } from '@/lib/payments/payable'
import { sells } from '@/lib/payments/stripe'
import { Portal } from '../../../../portal'
import { notByItself } from '../../verdict-words'
import { IsOn } from './is-on'
import { SwitchOn } from './switch-on'

interface Props {
  params: Promise<{ org: string; subscription: string }>
  searchParams: Promise<{ back?: unknown; done?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org, 'billing.read')
  return t('billing.automatic.title')
})

export default organizationPage(AutomaticPage)

/** Whether one subscription renews by itself: what will be charged and when, before it is switched on; and where it is ended. */
async function AutomaticPage({ params, searchParams }: Props) {
  const { org, subscription: id } = await params
  const visit = await requireMember(org, 'billing.read')
  const { t, organization } = visit
  const { organizationId, slug, role } = organization
  const { data, needs, at } = await read(visit, async (tx, now) => {
    if (!isId(id)) throw new NotFound('subscription')
    const { currency, payable } = await listPayable(tx, organizationId, now, { subscriptionIds: [id] })
    const [one] = payable
    if (!one) throw new NotFound('subscription')
    const last = one.automatic?.failedAt ? await lastCharge(tx, organizationId, one.automatic.id) : null
    const ended = one.automatic ? undefined : await lastEnded(tx, organizationId, id)
    return { one, currency, ended, payUrl: last?.status === 'open' ? last.url : null }
  })
  const { one, currency, ended, payUrl } = data
  const { automatic, automaticVerdict } = one
  const { back, done } = await searchParams
  const given = back === 'given' && automatic !== null && !automatic.startedAt
  const mayChange = sells() && may(role, 'automatic.begin')
  return (
    <Portal visit={visit} current="billing" needs={needs}>
      <Head visit={visit} one={one} />
      {given && <Given visit={visit} />}
      {ended && <Ended visit={visit} ended={ended} now={done === 'ended'} />}
      {automatic && (
        <IsOn visit={visit} one={one} automatic={automatic} payUrl={payUrl} mayChange={mayChange} now={at} />
      )}
      {!automatic && automaticVerdict.ok && (
        <SwitchOn visit={visit} one={one} currency={currency} mayChange={mayChange} />
      )}
      {!automatic && !automaticVerdict.ok && (
        <Notice tone="calm" silent>
          {notByItself(visit, automaticVerdict)}
        </Notice>
      )}
      <p className="after">
        <LinkButton variant="quiet" href={`/${slug}/billing`}>
          {t('billing.automatic.back')}
        </LinkButton>
      </p>
    </Portal>
  )
}

/** Which subscription it is about. */
function Head({ visit: { t }, one }: { visit: Visit; one: Payable }) {
  const { product, instance, shortId } = one
  const names = { product, instance: instance ?? t('billing.everywhere'), shortId }
  return (
    <PageHead
      title={t('billing.automatic.title')}
      sentence={<LongNames names={[instance]}>{t('billing.automatic.sentence', names)}</LongNames>}
    />
  )
}

function Given({ visit: { t } }: { visit: Visit }) {
  return (
    <>
      <KeepFresh seconds={2} />
      <Notice tone="soon" icon="loader-circle">
        {t('billing.automatic.given')}
      </Notice>
    </>
  )
}

interface EndedProps {
  visit: Visit
  ended: NonNullable<Awaited<ReturnType<typeof lastEnded>>>
  /** Somebody has just done it. */
  now: boolean
}

/** That it renewed by itself and does no more. */
function Ended({ visit: { t, language, session }, ended, now }: EndedProps) {
  const { endedAt, reason, who } = ended
  if (!endedAt) return null
  const because = t('billing.automatic.because', {
    reason: reason ?? '',
    who: who ?? t('billing.checkout.by_somebody'),
  })
  const words = (
    <>
      <b>{t('billing.automatic.ended', { date: moment(endedAt, language, session.timeZone) })}</b>{' '}
      {t('billing.automatic.ended_text', { because })}
    </>
  )
  return now ? (
    <Done>{words}</Done>
  ) : (
    <Notice tone="calm" silent>
      {words}
    </Notice>
  )
}
