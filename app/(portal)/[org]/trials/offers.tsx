import type { Visit } from '@/app/_request/session'
import { LinkButton, mailTo } from '@/components/ui/button'
import { LongWords } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { Panel, Section } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { env } from '@/lib/env'
import type { RequestRow } from '@/lib/organizations/requests'
import { sells } from '@/lib/payments/stripe'
import type { TrialOffer, TriedAt } from '@/lib/trials/offers'
import type { TrialVerdict } from '@/lib/trials/rules'
import { basketQuery } from '../billing/basket'
import { mayBuyHere } from '../billing/buy/link'

/** Instances that one product names. */
const mostNamed = 5

interface Props {
  visit: Visit
  offers: TrialOffer[]
  /** The product that is about to be tried. */
  chosen: string | undefined
  /** How many are listed, and whether there are more. */
  instances: number
  more: boolean
  requests: RequestRow[]
}

/** Every product that needs a key: where it can be tried, and where not, why, and what leads on. */
export function Offers({ offers, ...around }: Props) {
  const { t } = around.visit
  if (offers.length === 0)
    return (
      <Panel>
        <Empty icon="flask-conical" title={t('trials.no_offers')}>
          {t('trials.no_offers_text')}
        </Empty>
      </Panel>
    )
  return (
    <Section title={t('trials.offers')} note={t('trials.offers_note')}>
      <Panel>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('trials.head.product')}</th>
              <th scope="col">{t('trials.where')}</th>
              <th scope="col">
                <span className="sr-only">{t('trials.try_link')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {offers.map((offer) => (
              <Row key={offer.product.id} {...around} offer={offer} />
            ))}
          </tbody>
        </table>
      </Panel>
    </Section>
  )
}

type RowProps = Omit<Props, 'offers'> & { offer: TrialOffer }

function Row(props: RowProps) {
  const { visit, offer, chosen, requests } = props
  const { t, language, organization } = visit
  const { product, places } = offer
  const mayStart = may(organization.role, 'trial.start')
  const waits = waitsFor(product.id, requests)
  const canTry = !waits && places.some(({ verdict }) => verdict.ok)
  return (
    <tr>
      <td>
        <b>{product.name}</b>
        <small>{product.description[language]}</small>
      </td>
      <td data-head={t('trials.where')}>
        {waits ? <small>{t('trials.waits')}</small> : <Where {...props} />}
      </td>
      <td className="act">
        {canTry && mayStart && chosen !== product.id && (
          <LinkButton
            small
            icon="flask-conical"
            href={`/${organization.slug}/trials?try=${product.id}`}
            label={t('trials.try_label', { product: product.name })}
          >
            {t('trials.try_link')}
          </LinkButton>
        )}
      </td>
    </tr>
  )
}

/** Whether the account manager was asked whether a trial of it may begin, and has not said yet. */
export const waitsFor = (wanted: string, requests: RequestRow[]) =>
  requests.some(({ kind, productId, closedAt }) => kind === 'trial' && productId === wanted && !closedAt)

/** Where it can be tried; below that where not, and why. What holds of the product everywhere is said once. */
function Where({ visit, offer, instances, more }: RowProps) {
  const { t } = visit
  const { product, places } = offer
  const free = places.filter(({ verdict }) => verdict.ok)
  const named = free.flatMap(({ instance }) => instance?.label ?? [])
  const rest = named.length - mostNamed
  const here = places.filter(({ verdict }) => !verdict.ok && !ofProduct(verdict))
  // Where it was tried, it is offered to be bought.
  const tried = places.find(({ verdict }) => !verdict.ok && verdict.because === 'tried_here')
  const whole = tried ?? places.find(({ verdict }) => ofProduct(verdict))
  const further = Math.max(0, here.length - mostNamed)
  return (
    <>
      {product.everywhere && free.length > 0 && <p>{t('trials.can_everywhere')}</p>}
      {named.length > 0 && (
        <p>
          <LongWords>{t('trials.can_on', { places: named.slice(0, mostNamed).join(', ') })}</LongWords>
          {(rest > 0 || more) && ' …'}
        </p>
      )}
      {whole && <NotTried visit={visit} product={product} at={whole} />}
      {here.slice(0, mostNamed).map((at) => (
        <NotTried key={at.instance?.id ?? ''} visit={visit} product={product} at={at} />
      ))}
      {further > 0 && <small>{t('trials.more_not', { count: further })}</small>}
      {instances === 0 && !product.everywhere && <small>{t('trials.not.needs_instance')}</small>}
    </>
  )
}

/** Whether a verdict speaks of the product, wherever it would be tried. */
const ofProduct = (verdict: TrialVerdict) =>
  !verdict.ok && ['tried_here', 'tried_before', 'no_trial', 'withdrawn'].includes(verdict.because)

interface NotTriedProps {
  visit: Visit
  product: TrialOffer['product']
  at: TriedAt
}

function NotTried({ visit, product, at }: NotTriedProps) {
  const { t, organization } = visit
  const { instance, verdict } = at
  if (verdict.ok) return null
  const { because } = verdict
  const has = 'has' in verdict ? verdict.has : null
  const trial = 'trial' in verdict ? verdict.trial : null
  const text = t(`trials.not.${because}`, {
    at: instance?.label ?? 'none',
    on: trial?.instance ?? 'none',
    shortId: (has ?? trial)?.shortId ?? '',
    suite: has?.product ?? '',
    of: 'of' in verdict ? verdict.of.label : '',
  })
  const keyId = (has ?? trial)?.keyId
  return (
    <small>
      <LongWords>{text}</LongWords>{' '}
      {keyId && because === 'lapsed' && mayBuyHere(organization.role) && (
        <a
          className="link"
          href={`/${organization.slug}/billing/renew?k=${keyId}`}
          aria-label={t('trials.renew_label', { product: product.name })}
        >
          {t('trials.renew')}
        </a>
      )}{' '}
      {keyId && (
        <a
          className="link"
          href={`/${organization.slug}/keys/${keyId}`}
          aria-label={t('trials.see_key_label', { product: product.name })}
        >
          {t('trials.see_key')}
        </a>
      )}{' '}
      {ofProduct(verdict) && <Ways visit={visit} product={product} at={at} />}
    </small>
  )
}

/** How it can be had all the same. */
function Ways({ visit, product, at }: NotTriedProps) {
  const { t, organization } = visit
  const support = env().SUPPORT_EMAIL
  const mayBuy = mayBuyHere(organization.role) && !product.permanent
  const how = mayBuy ? 'pay' : sells() && !product.permanent ? 'ask' : 'write'
  const instanceId = at.instance?.id ?? null
  return (
    <>
      {t.rich(`trials.ways.${how}`, { support, mail: mailTo(support) })}{' '}
      {mayBuy && (
        <a
          className="link"
          href={`/${organization.slug}/billing/buy?${basketQuery({ purchases: [{ productId: product.id, instanceId }] })}`}
          aria-label={t('trials.buy_label', { product: product.name })}
        >
          {t('trials.buy')}
        </a>
      )}
    </>
  )
}
