import { Fragment } from 'react'
import type { Visit } from '@/app/_request/session'
import { markInstalled, reveal } from '@/app/(portal)/[org]/keys/actions'
import { deskLabels } from '@/app/(portal)/[org]/keys/desk-labels'
import { MaskedNotice } from '@/app/(portal)/[org]/keys/masked'
import { ActionForm } from '@/components/form'
import { KeyAnswer, KeyDesk, RevealButtons, ShownKey } from '@/components/key-desk'
import { Button } from '@/components/ui/button'
import { Icon } from '@/components/ui/icon'
import { HiddenKey } from '@/components/ui/key-field'
import { Empty } from '@/components/ui/notice'
import { Section } from '@/components/ui/panel'
import { ShortIds } from '@/components/ui/short-ids'
import { State } from '@/components/ui/state'
import { may } from '@/lib/access'
import { fitSentence, newestSentence } from '@/lib/catalog/phrases'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { prefixes } from '@/lib/keys/checksum'
import { dueFirst, inUse } from '@/lib/keys/order'
import { type Speaking, stateWord, untilLines } from '@/lib/keys/phrases'
import type { KeyRow } from '@/lib/keys/queries'

interface Props {
  visit: Visit
  instance: { label: string; glpiVersion: string | null; retiredAt: Date | null }
  rows: KeyRow[]
  products: CatalogProduct[]
  speaking: Speaking
}

/** The keys of an instance, product by product; what has passed is folded away. */
export function InstanceKeys(props: Props) {
  const { visit, instance, rows } = props
  const { t } = visit
  const current = dueFirst(rows.filter(inUse))
  const past = rows.filter((row) => !inUse(row))
  const retired = instance.retiredAt !== null
  return (
    <>
      {current.length > 0 && <MaskedNotice visit={visit} />}
      {current.length === 0 ? (
        // Of a retired instance with past keys the sentence above says it already.
        !(retired && past.length > 0) && (
          <div className="panel">
            <NoKeyWorks hadKeys={past.length > 0} retired={retired} t={t} />
          </div>
        )
      ) : (
        <>
          <UsedKeys {...props} rows={current} />
          <p className="mt-3 text-muted">{t('instance.ends_note')}</p>
        </>
      )}
      {past.length > 0 && (
        <details className="past mt-6">
          <summary>
            <Icon name="chevron-right" />
            {t('instance.past')} <small>{past.length}</small>
          </summary>
          <div className="panel prods">
            {past.map((row) => (
              <ProductKey key={row.id} {...props} instance={instance} row={row} mayReveal={false} />
            ))}
          </div>
        </details>
      )}
    </>
  )
}

/** On a test copy: the keys that it may use of the instance to which they belong. */
export function OfProduction({
  production,
  ...props
}: Props & { production: { id: string; label: string } }) {
  const { t, organization } = props.visit
  if (props.rows.length === 0) return null
  // Whether a new key is in GLPI is said where that GLPI is.
  const rows = dueFirst(props.rows).map((row) => ({ ...row, notYetInGlpi: false }))
  return (
    <Section
      title={
        <a className="link" href={`/${organization.slug}/instances/${production.id}`}>
          {t('instance.of_production', { label: production.label })}
        </a>
      }
      note={t('instance.of_production_note')}
    >
      <MaskedNotice visit={props.visit} />
      <UsedKeys {...props} rows={rows} />
    </Section>
  )
}

function UsedKeys(props: Props) {
  const { visit, rows } = props
  const { organization, t } = visit
  const mayReveal = may(organization.role, 'key.reveal')
  return (
    <>
      {mayReveal && <KeyForms visit={visit} rows={rows} />}
      <KeyDesk action={reveal} organization={organization.slug} labels={deskLabels(t)}>
        <div className="panel prods">
          {rows.map((row) => (
            <ProductKey key={row.id} {...props} row={row} mayReveal={mayReveal} />
          ))}
        </div>
      </KeyDesk>
    </>
  )
}

function NoKeyWorks({ hadKeys, retired, t }: { hadKeys: boolean; retired: boolean; t: Visit['t'] }) {
  if (retired) return <Empty icon="key" title={t('instance.retired_title')} />
  if (hadKeys)
    return (
      <Empty icon="key" title={t('instance.none_works_title')}>
        {t('instance.none_works_text')}
      </Empty>
    )
  return (
    <Empty icon="key" title={t('instance.no_keys_title')}>
      {t('instance.no_keys_text')}
    </Empty>
  )
}

function ProductKey({
  row,
  visit,
  instance,
  products,
  speaking,
  mayReveal,
}: Props & { row: KeyRow; mayReveal: boolean }) {
  const { t } = visit
  const mayNote = mayReveal && may(visit.organization.role, 'key.note_seen')
  const state = stateWord(row, speaking)
  const product = products.find(({ id }) => id === row.productId)
  const names = { product: row.product, instance: instance.label }
  const mask = (
    <HiddenKey
      start={`${prefixes[row.kind]}1`}
      end={row.lastFour}
      label={t('keys.copy.hidden_label', { product: row.product, lastFour: row.lastFour })}
    />
  )
  return (
    <article className="prod" id={row.shortId} aria-label={`${row.product} ${row.shortId}`}>
      <div>
        <b>{row.product}</b> <code>{row.shortId}</code>{' '}
        {may(visit.organization.role, 'key.revoke') && (
          <a
            className="link"
            href={`/${visit.organization.slug}/keys/${row.id}`}
            aria-label={t('staff.key.manage_label', { shortId: row.shortId, product: row.product })}
          >
            {t('staff.key.manage')}
          </a>
        )}
        {product && (
          <Unlocks product={product} products={products} glpiVersion={instance.glpiVersion} t={t} />
        )}
      </div>
      <div>
        <State tone={state.tone} icon={state.icon}>
          {state.text}
        </State>
        {untilLines(row, speaking).map((line) => (
          <p key={line}>
            <ShortIds text={line} />
          </p>
        ))}
      </div>
      <div className="row">
        {mayNote && row.notYetInGlpi && (
          <Button
            small
            icon="check"
            type="submit"
            form={`installed-${row.id}`}
            label={t('keys.installed.label', names)}
          >
            {t('keys.installed.button')}
          </Button>
        )}
      </div>
      <div className="key">
        {mayReveal ? <ShownKey keyId={row.id} mask={mask} /> : mask}
        {mayReveal && (
          <>
            <RevealButtons
              keyId={row.id}
              names={{
                copy: t('keys.copy.copy_label', names),
                show: t('keys.copy.show_label', names),
              }}
              primary={row.notYetInGlpi}
            />
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
          </>
        )}
      </div>
      {mayReveal && <KeyAnswer keyId={row.id} />}
    </article>
  )
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
  const contained = products.filter(({ id }) => product.contains.some((inside) => inside.id === id))
  const releasing = contained.length > 0 ? contained : [product]
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
function KeyForms({ visit, rows }: { visit: Visit; rows: KeyRow[] }) {
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

/** All current keys of the instance as one file; the old key of a renewal is left out. */
export function AllAsFile({ visit, rows }: { visit: Visit; rows: KeyRow[] }) {
  const { organization, t } = visit
  const current = rows.filter((row) => inUse(row) && row.state !== 'renewed')
  if (current.length === 0 || !may(organization.role, 'key.reveal')) return null
  return (
    <form action={`/${organization.slug}/keys/file`} method="post">
      <input type="hidden" name="organization" value={organization.slug} />
      {current.map(({ id }) => (
        <input key={id} type="hidden" name="keyId" value={id} />
      ))}
      <Button icon="download">{t('keys.copy.all_file', { count: current.length })}</Button>
    </form>
  )
}
