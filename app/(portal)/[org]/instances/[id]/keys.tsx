import type { Visit } from '@/app/_request/session'
import { mayBuyHere } from '@/app/(portal)/[org]/billing/buy/link'
import { reveal } from '@/app/(portal)/[org]/keys/actions'
import { deskLabels } from '@/app/(portal)/[org]/keys/desk-labels'
import { MaskedNotice } from '@/app/(portal)/[org]/keys/masked'
import { KeyDesk } from '@/components/key-desk'
import { Button, mailTo } from '@/components/ui/button'
import { Icon } from '@/components/ui/icon'
import { LongWords } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { Section } from '@/components/ui/panel'
import { may } from '@/lib/access'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { env } from '@/lib/env'
import { dueFirst, inUse } from '@/lib/keys/order'
import type { Speaking } from '@/lib/keys/phrases'
import type { KeyRow } from '@/lib/keys/queries'
import type { UnderWay } from '@/lib/payments/under-way'
import type { Contacts } from './contact'
import type { ArchiveOf } from './downloads'
import { KeyForms, ProductKey } from './product-key'

interface Props {
  visit: Visit
  instance: { id: string; label: string; glpiVersion: string | null; retiredAt: Date | null }
  rows: KeyRow[]
  products: CatalogProduct[]
  speaking: Speaking
  contacts: Contacts
  archiveOf: ArchiveOf
  /** What is being paid, by the key. */
  paying: ReadonlyMap<string, UnderWay>
}

/** The keys of an instance, product by product; what has passed is folded away. */
export function InstanceKeys(props: Props) {
  const { visit, instance, rows } = props
  const { t } = visit
  // What works only later is still to come.
  const isCurrent = (row: KeyRow) => inUse(row) || row.state === 'not_started'
  const current = dueFirst(rows.filter(isCurrent))
  const past = rows.filter((row) => !isCurrent(row))
  const retired = instance.retiredAt !== null
  return (
    <>
      {current.length > 0 && <MaskedNotice visit={visit} />}
      {current.length === 0 ? (
        // Of a retired instance with past keys the sentence above says it already.
        !(retired && past.length > 0) && (
          <div className="panel">
            <NoKeyWorks visit={visit} hadKeys={past.length > 0} retired={retired} />
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
              <ProductKey key={row.id} {...props} row={row} mayReveal={false} />
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
          <LongWords>{t('instance.of_production', { label: production.label })}</LongWords>
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
      <p className="mt-3">
        <a className="link" href="/help/glpi">
          {t('glpi.link')}
        </a>
      </p>
    </>
  )
}

function NoKeyWorks({
  visit: { t, organization },
  hadKeys,
  retired,
}: {
  visit: Visit
  hadKeys: boolean
  retired: boolean
}) {
  if (retired) return <Empty icon="key" title={t('instance.retired_title')} />
  if (hadKeys)
    return (
      <Empty icon="key" title={t('instance.none_works_title')}>
        {t('instance.none_works_text')}
      </Empty>
    )
  const support = env().SUPPORT_EMAIL
  return (
    <Empty icon="key" title={t('instance.no_keys_title')}>
      {t.rich('instance.no_keys_text', {
        ...{ support, mail: mailTo(support) },
        buys: mayBuyHere(organization.role) ? 'yes' : 'no',
      })}
    </Empty>
  )
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
