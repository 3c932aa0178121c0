import type { ReactNode } from 'react'
import { AddressText } from '@/components/ui/address-text'
import { LongWords } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { Panel, Section } from '@/components/ui/panel'
import { displayUrl } from '@/lib/instances/url'
import type { Translate } from '@/lib/messages/translator'
import { mostFound, type searchEverywhere } from '@/lib/staff/search'

type FoundThings = Awaited<ReturnType<typeof searchEverywhere>>

/** What a search found, each thing a way to it in its organization. `quiet`: that nothing was found is said already. */
export function Found({
  t,
  search,
  found: { organizations, instances, keys },
  quiet,
}: {
  t: Translate
  search: string
  found: FoundThings
  quiet: boolean
}) {
  if (organizations.length + instances.length + keys.length === 0) {
    if (quiet) return null
    return (
      <Panel>
        <Empty icon="search" title={t('staff.search.none_title', { search })}>
          {t('staff.search.none_text')}
        </Empty>
      </Panel>
    )
  }
  return (
    <>
      <List title={t('staff.search.organizations')} rows={organizations} t={t}>
        {(rows) => <OrganizationTable rows={rows} />}
      </List>
      <List title={t('staff.search.instances')} rows={instances} t={t}>
        {(rows) => <InstanceTable rows={rows} t={t} />}
      </List>
      <List title={t('staff.search.keys')} rows={keys} t={t}>
        {(rows) => <FoundKeys rows={rows} t={t} />}
      </List>
    </>
  )
}

function List<Row>({
  title,
  rows,
  t,
  children,
}: {
  title: string
  rows: Row[]
  t: Translate
  children: (rows: Row[]) => ReactNode
}) {
  if (rows.length === 0) return null
  return (
    <Section title={title}>
      <Panel>{children(rows.slice(0, mostFound))}</Panel>
      {rows.length > mostFound && (
        <p className="mt-3 text-muted">{t('staff.search.more', { count: mostFound })}</p>
      )}
    </Section>
  )
}

export function OrganizationTable({ rows }: { rows: { slug: string; name: string }[] }) {
  return (
    <table className="table">
      <tbody>
        {rows.map(({ slug, name }) => (
          <tr key={slug}>
            <td>
              <a className="break-words" href={`/${slug}`}>
                <LongWords>{name}</LongWords>
              </a>
              <small>{slug}</small>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function InstanceTable({ rows, t }: { rows: FoundThings['instances']; t: Translate }) {
  return (
    <table className="table">
      <tbody>
        {rows.map(({ id, slug, label, url, shortId, organization, retiredAt }) => (
          <tr key={id}>
            <td>
              <a className="break-words" href={`/${slug}/instances/${id}`}>
                <LongWords>{label}</LongWords>
              </a>
              {retiredAt && (
                <>
                  {' '}
                  <span className="chip">{t('staff.search.retired')}</span>
                </>
              )}
              <small>
                <code translate="no">
                  <AddressText text={displayUrl(url ?? '')} />
                </code>
              </small>
            </td>
            <td>
              <span className="break-words">
                <LongWords>{organization}</LongWords>
              </span>
              <small>
                <code>{shortId}</code>
              </small>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function FoundKeys({ rows, t }: { rows: FoundThings['keys']; t: Translate }) {
  return (
    <table className="table">
      <tbody>
        {rows.map(({ id, slug, shortId, lastFour, product, instance, organization }) => (
          <tr key={id}>
            <td>
              <a className="id" href={`/${slug}/keys/${id}`}>
                <code>{shortId}</code>
              </a>
              <small>{product}</small>
            </td>
            <td>
              <span className="break-words">
                <LongWords>{organization}</LongWords>
              </span>
              <small className="break-words">
                <LongWords>{instance ?? t('keys.whole_organization')}</LongWords>
              </small>
            </td>
            <td>
              <code>{`…${lastFour}`}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
