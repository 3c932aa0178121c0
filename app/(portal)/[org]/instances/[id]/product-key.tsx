import { Fragment } from 'react'
import type { Visit } from '@/app/_request/session'
import { basketQuery } from '@/app/(portal)/[org]/billing/basket'
import { mayBuyHere } from '@/app/(portal)/[org]/billing/buy/link'
import { PaymentLink } from '@/app/(portal)/[org]/billing/payment-link'
import { markInstalled } from '@/app/(portal)/[org]/keys/actions'
import { buttonNames } from '@/app/(portal)/[org]/keys/desk-labels'
import { ActionForm } from '@/components/form'
import { KeyAnswer, RevealButtons, ShownKey } from '@/components/key-desk'
import { Button, LinkButton } from '@/components/ui/button'
import { HiddenKey } from '@/components/ui/key-field'
import { ShortIds } from '@/components/ui/short-ids'
import { State } from '@/components/ui/state'
import { may } from '@/lib/access'
import { fitSentence, newestSentence } from '@/lib/catalog/phrases'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { prefixes } from '@/lib/keys/checksum'
import { inUse } from '@/lib/keys/order'
import { type Speaking, stateWord, untilLines } from '@/lib/keys/phrases'
import type { KeyRow } from '@/lib/keys/queries'
import { sells } from '@/lib/payments/stripe'
import type { UnderWay } from '@/lib/payments/under-way'
import { Contact, type Contacts } from './contact'
import { type ArchiveOf, Downloads } from './downloads'

interface Props {
  visit: Visit
  row: KeyRow
  instance: { id: string; label: string; glpiVersion: string | null; retiredAt: Date | null }
  products: CatalogProduct[]
  archiveOf: ArchiveOf
  speaking: Speaking
  mayReveal: boolean
  contacts: Contacts
  /** What is being paid, by the key. */
  paying: ReadonlyMap<string, UnderWay>
}

/** One product of an instance: what, how long, what to do; below it the key, and what comes next. */
export function ProductKey(props: Props) {
  const { visit, row, speaking, mayReveal, contacts } = props
  const state = stateWord(row, speaking)
  return (
    <article className="prod" id={row.shortId} aria-label={`${row.product} ${row.shortId}`}>
      <Product {...props} />
      <div>
        <State tone={state.tone} icon={state.icon}>
          {state.text}
        </State>
        {untilLines(row, speaking).map((line) => (
          <p key={line}>
            <ShortIds text={line} />
          </p>
        ))}
        <Contact
          visit={visit}
          seen={contacts.seen.get(row.id)}
          refused={contacts.refused.get(row.id)}
          asked={contacts.asked.get(row.id)}
          now={speaking.now}
          works={inUse(row)}
        />
      </div>
      <div className="row">
        <InstalledButton {...props} />
        <PaymentLink visit={visit} underWay={props.paying.get(row.id)} small>
          <RenewButton {...props} />
          <BuyButton {...props} />
        </PaymentLink>
      </div>
      <Key {...props} />
      {mayReveal && <KeyAnswer keyId={row.id} />}
    </article>
  )
}

function Product({ visit, row, instance, products, archiveOf }: Props) {
  const { t, organization } = visit
  const product = products.find(({ id }) => id === row.productId)
  return (
    <div>
      <b>{row.product}</b>{' '}
      <a className="link id" href={`/${organization.slug}/keys/${row.id}`}>
        <code>{row.shortId}</code>
      </a>
      {product && <Unlocks product={product} products={products} glpiVersion={instance.glpiVersion} t={t} />}
      {product &&
        inUse(row) &&
        !instance.retiredAt &&
        releasedWith(product, products).map((one) => (
          <Downloads key={one.id} visit={visit} instance={instance} product={one} archiveOf={archiveOf} />
        ))}
    </div>
  )
}

function InstalledButton({ visit: { t, organization }, row, instance, mayReveal }: Props) {
  if (!mayReveal || !row.notYetInGlpi || !may(organization.role, 'key.note_seen')) return null
  return (
    <Button
      small
      icon="check"
      type="submit"
      form={`installed-${row.id}`}
      label={t('keys.installed.label', { product: row.product, instance: instance.label })}
    >
      {t('keys.installed.button')}
    </Button>
  )
}

/** Of what is due, or was: nothing is renewed twice. */
function RenewButton({ visit: { t, organization }, row, instance }: Props) {
  const due = row.state === 'expiring' || row.state === 'overdue' || row.state === 'expired'
  if (!due || row.kind !== 'subscription' || row.renewedAt || instance.retiredAt) return null
  if (!sells() || !may(organization.role, 'checkout.begin')) return null
  return (
    <LinkButton
      small
      icon="credit-card"
      href={`/${organization.slug}/billing/renew?k=${row.id}`}
      label={t('billing.tick', { product: row.product, instance: instance.label })}
    >
      {t('overview.renew')}
    </LinkButton>
  )
}

/** Of what is only tried. */
function BuyButton({ visit: { t, organization }, row, instance }: Props) {
  if (row.kind !== 'trial' || row.renewedAt || instance.retiredAt || !mayBuyHere(organization.role))
    return null
  return (
    <LinkButton
      small
      icon="credit-card"
      href={`/${organization.slug}/billing/buy?${basketQuery({ purchases: [row] })}`}
      label={t('overview.buy_label', {
        products: row.product,
        where: t('overview.on_instance', { instance: instance.label }),
      })}
    >
      {t('overview.buy')}
    </LinkButton>
  )
}

/** Its first and last characters; for who may reveal it, the buttons that do. */
function Key({ visit: { t }, row, instance, mayReveal }: Props) {
  const names = { product: row.product, instance: instance.label }
  const mask = (
    <HiddenKey
      start={`${prefixes[row.kind]}1`}
      end={row.lastFour}
      label={t('keys.copy.hidden_label', { product: row.product, lastFour: row.lastFour })}
    />
  )
  if (!mayReveal) return <div className="key">{mask}</div>
  return (
    <div className="key">
      <ShownKey keyId={row.id} mask={mask} />
      <RevealButtons keyId={row.id} names={buttonNames(t, names)} primary={row.notYetInGlpi} />
      <Button
        small
        variant="quiet"
        icon="download"
        type="submit"
        form={`file-${row.id}`}
        label={t('keys.copy.file_label', names)}
      >
        {t('keys.copy.file')}
      </Button>
    </div>
  )
}

const containedIn = (product: CatalogProduct, products: CatalogProduct[]) =>
  products.filter(({ id }) => product.contains.some((inside) => inside.id === id))

/** What a key of the product installs: itself or, of a suite, what it contains. */
function releasedWith(product: CatalogProduct, products: CatalogProduct[]) {
  const contained = containedIn(product, products)
  return contained.length > 0 ? contained : [product]
}

function Unlocks({
  product,
  products,
  glpiVersion,
  t,
}: {
  product: CatalogProduct
  products: CatalogProduct[]
  glpiVersion: string | null
  t: Visit['t']
}) {
  const contained = containedIn(product, products)
  const releasing = releasedWith(product, products)
  const fitOf = (one: CatalogProduct) =>
    glpiVersion ? fitSentence(one, glpiVersion, t).text : newestSentence(one, t)
  return (
    <>
      {contained.length > 0 && (
        <p>{t('instance.unlocks', { products: contained.map(({ name }) => name).join(', ') })}</p>
      )}
      {releasing.map((one) => (
        <p key={one.id}>
          {contained.length > 0
            ? t('instance.product_fits', { product: one.name, text: fitOf(one) })
            : fitOf(one)}
        </p>
      ))}
    </>
  )
}

/** The forms of the buttons beside the keys, which stand in another form. */
export function KeyForms({ visit, rows }: { visit: Visit; rows: KeyRow[] }) {
  const { slug, role } = visit.organization
  return rows.map(({ id, instanceId, notYetInGlpi }) => (
    <Fragment key={id}>
      <form id={`file-${id}`} action={`/${slug}/keys/file`} method="post">
        <input type="hidden" name="organization" value={slug} />
        <input type="hidden" name="keyId" value={id} />
      </form>
      {notYetInGlpi && may(role, 'key.note_seen') && (
        <ActionForm
          id={`installed-${id}`}
          action={markInstalled}
          hidden={{ organization: slug, keyId: id, instanceId: instanceId ?? '' }}
        />
      )}
    </Fragment>
  ))
}
