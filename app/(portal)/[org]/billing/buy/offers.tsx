import type { Visit } from '@/app/_request/session'
import { LongWords } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { basketItem } from '@/lib/payments/buying/basket'
import type { Buyable, wholeOffer } from '@/lib/payments/buying/buyable'
import type { TrialOffer } from '@/lib/trials/offers'
import { TryFirst } from '../../trials/link'
import { misfits, versionLines } from '../fit'
import { Verdict } from './verdict'

export type Offer = Awaited<ReturnType<typeof wholeOffer>>['offers'][number]

interface Props {
  visit: Visit
  offers: Offer[]
  /** What of them can be tried, and where. */
  trials: TrialOffer[]
  products: CatalogProduct[]
  currency: string
  /** Basket items that are ticked already. */
  chosen: ReadonlySet<string>
}

/** What is sold, by kind, each with its price and what it can be ticked for. */
export function Offers({ offers, ...around }: Props) {
  const { t } = around.visit
  return (['plugin', 'suite', 'cloud_plan'] as const).map((kind) => {
    const ofKind = offers.filter(({ good }) => good.kind === kind)
    if (ofKind.length === 0) return null
    return (
      <Section key={kind} title={t(`billing.buy.kind.${kind}`)} note={t(`billing.buy.kind_note.${kind}`)}>
        <Panel>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('billing.product')}</th>
                <th scope="col">{t('billing.buy.for')}</th>
                <th scope="col">{t('billing.price')}</th>
              </tr>
            </thead>
            <tbody>
              {ofKind.map((offer) => (
                <Row key={offer.good.id} {...around} offer={offer} />
              ))}
            </tbody>
          </table>
        </Panel>
      </Section>
    )
  })
}

type RowProps = Omit<Props, 'offers'> & { offer: Offer }

function Row({ offer, ...around }: RowProps) {
  const { visit, products, currency } = around
  const { t, language } = visit
  const { good, contains, places } = offer
  return (
    <tr>
      <td>
        <b>{good.name}</b>
        <small>{good.description[language]}</small>
        {contains.length > 0 && <small>{t('billing.buy.contains', { products: contains.join(', ') })}</small>}
        {versionLines(good.id, products, t).map((line) => (
          <small key={line}>{line}</small>
        ))}
        <TryFirst visit={visit} offers={around.trials} productId={good.id} />
      </td>
      <td data-head={t('billing.buy.for')}>
        {places.length === 0 ? (
          t('billing.buy.no_instance')
        ) : (
          <ul>
            {places.map((one) => (
              <Place key={basketItem(one)} {...around} one={one} />
            ))}
          </ul>
        )}
      </td>
      <td data-head={t('billing.price')}>
        {good.price && (
          <>
            <span className="whitespace-nowrap">{money(good.price.amount, currency, language)}</span>{' '}
            <small>{t(`billing.tax.${good.price.taxBehavior}`)}</small>
            <small>{t('billing.buy.per', { months: good.price.months })}</small>
          </>
        )}
      </td>
    </tr>
  )
}

function Place({ visit, products, chosen, one }: Omit<RowProps, 'offer' | 'currency'> & { one: Buyable }) {
  const { t } = visit
  const { product, instance, verdict } = one
  const place = instance?.label ?? t('billing.everywhere')
  if (!verdict.ok)
    return (
      <li>
        <LongWords>{place}</LongWords>
        <small>
          <Verdict visit={visit} one={one} />
        </small>
      </li>
    )
  const item = basketItem(one)
  return (
    <li>
      <label className="tick">
        <input
          type="checkbox"
          name="b"
          value={item}
          defaultChecked={chosen.has(item)}
          aria-label={t('billing.buy.tick', { product, instance: place })}
        />
        <LongWords>{place}</LongWords>
      </label>
      {notesOn(one, products, visit).map((note) => (
        <small key={note}>{note}</small>
      ))}
    </li>
  )
}

/** What is to be known before it is bought: no obstacles. */
export function notesOn(
  { productId, instance, has, trial }: Buyable,
  products: readonly CatalogProduct[],
  { t, language, organization }: Visit,
): string[] {
  return [
    ...(trial
      ? [
          t('billing.buy.trial', {
            shortId: trial.shortId,
            until: lastDay(trial.endsAt, language, organization.timeZone),
          }),
        ]
      : []),
    ...(instance?.testOf ? [t('billing.buy.copy_of', { label: instance.testOf })] : []),
    ...has.map(({ product, termEndsAt }) =>
      t('billing.buy.has', { product, until: lastDay(termEndsAt, language, organization.timeZone) }),
    ),
    ...misfits(productId, instance?.glpiVersion ?? null, products, t),
  ]
}
