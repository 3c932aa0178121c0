import type { Visit } from '@/app/_request/session'
import { KeyDesk } from '@/components/key-desk'
import { may } from '@/lib/access'
import { displayUrl } from '@/lib/instances/url'
import { type Speaking, stateWord, untilWords } from '@/lib/keys/phrases'
import type { KeyRow } from '@/lib/keys/queries'
import { works } from '@/lib/keys/rules'
import { reveal } from './actions'
import { buttonNames, deskLabels } from './desk-labels'
import { type KeyLine, KeyRows } from './rows'

/** The buttons' names are the same in every row but for these, which each row fills in itself. */
const gaps = { product: '{product}', instance: '{instance}' }

interface Props {
  visit: Visit
  rows: KeyRow[]
  speaking: Speaking
  /** Of a renewal: which keys are the new ones, the next to be copied, and which the old. */
  renewal?: { newIds: ReadonlySet<string>; oldIds: ReadonlySet<string> }
  /** It stands on the page of its one key. */
  own?: boolean
  /** The key that is the next to be copied. */
  next?: string
}

/** The list of keys, each with the way to its page; one client component for all its buttons. */
export function KeyTable({ visit, rows, speaking, renewal, own, next }: Props) {
  const { organization, t } = visit
  const mayReveal = may(organization.role, 'key.reveal')
  return (
    <KeyDesk action={reveal} organization={organization.slug} labels={deskLabels(t)}>
      <table className="table keys">
        <thead>
          <tr>
            <th scope="col">{t('keys.list.product')}</th>
            <th scope="col">{t('keys.list.instance')}</th>
            <th scope="col">{t('keys.list.state')}</th>
            <th scope="col">{t('keys.list.until')}</th>
            <th scope="col">{t('keys.list.key')}</th>
            {mayReveal && (
              <th scope="col">
                <span className="sr-only">{t('keys.list.action')}</span>
              </th>
            )}
          </tr>
        </thead>
        <KeyRows
          lines={rows.map((row) => ({ ...lineOf(row, visit, speaking), ...markOf(row, t, renewal, next) }))}
          page={own ? null : `/${organization.slug}/keys`}
          mayReveal={mayReveal}
          names={buttonNames(t, gaps)}
        />
      </table>
    </KeyDesk>
  )
}

function markOf({ id, notYetInGlpi }: KeyRow, t: Visit['t'], renewal: Props['renewal'], next: Props['next']) {
  if (renewal?.newIds.has(id)) return { mark: t('billing.checkout.new_key'), next: notYetInGlpi }
  return { mark: renewal?.oldIds.has(id) ? t('billing.checkout.old_key') : null, next: id === next }
}

type Plain = Omit<KeyLine, 'mark' | 'next'>

function lineOf(row: KeyRow, { organization, t }: Visit, speaking: Speaking): Plain {
  const { tone, icon, text } = stateWord(row, speaking)
  const until = untilWords(row, speaking)
  const instance = row.instance ?? t('keys.whole_organization')
  return {
    id: row.id,
    shortId: row.shortId,
    product: row.product,
    instance,
    href: row.instanceId && `/${organization.slug}/instances/${row.instanceId}#${row.shortId}`,
    address: row.url ? displayUrl(row.url) : t('keys.every_instance'),
    instanceShortId: row.instanceShortId,
    tone,
    icon,
    state: text,
    until: until.date,
    note: until.note,
    lastFour: row.lastFour,
    works: works(row.state),
  }
}
