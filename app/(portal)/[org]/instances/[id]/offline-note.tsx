import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { mailTo } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { may } from '@/lib/access'
import type { filesThatEnd } from '@/lib/activations/offline-files'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { env } from '@/lib/env'
import { inUse } from '@/lib/keys/order'
import type { KeyRow } from '@/lib/keys/queries'
import { lastDay } from '@/lib/messages/dates'

type Ending = Awaited<ReturnType<typeof filesThatEnd>>

interface Props {
  visit: Visit
  instance: { id: string; retiredAt: Date | null }
  /** The keys that it may use. */
  rows: KeyRow[]
}

type Product = Pick<CatalogProduct, 'id' | 'contains'>

/** Which offline files end soon: a new one is fetched as soon as a key works longer than they do. */
export async function EndingFiles({
  visit,
  instance,
  rows,
  products,
  files,
}: Props & { products: readonly Product[]; files: Ending }) {
  const { t, language, organization } = visit
  if (instance.retiredAt || files.length === 0) return null
  const mayFetch = may(organization.role, 'offline_file.issue')
  const { who, names } = mayFetch ? { who: '', names: [] } : await whomToAsk(visit, 'offline_file.issue')
  const support = env().SUPPORT_EMAIL
  const link = (chunks: ReactNode) => (
    <a className="link" href={`/${organization.slug}/instances/${instance.id}/offline`}>
      {chunks}
    </a>
  )
  return files.map(({ productId, product, worksUntil }) => {
    const date = lastDay(worksUntil, language, organization.timeZone)
    const next = nextFor(rows.filter(isFor(productId, products)), worksUntil)
    const facts = { product, date, next, support, mail: mailTo(support) }
    return (
      <Notice key={`${productId} ${worksUntil.getTime()}`} tone="soon" silent>
        {mayFetch ? (
          t.rich('offline.ends', { ...facts, link })
        ) : (
          <LongNames names={names}>{t.rich('offline.ends_for_others', { ...facts, who })}</LongNames>
        )}
      </Notice>
    )
  })
}

/** A suite's key is good for each plugin that it contains. */
const isFor =
  (productId: string, products: readonly Product[]) =>
  (row: KeyRow): boolean =>
    row.productId === productId ||
    !!products.find(({ id }) => id === row.productId)?.contains.some(({ id }) => id === productId)

/**
 * What comes before a new file: nothing where a key works longer than the one at hand, else what lengthens the key. Of a key
 * that nobody can renew, nor has to, that is not said.
 */
function nextFor(rows: readonly KeyRow[], worksUntil: Date) {
  const keys = rows.filter(inUse)
  if (keys.some(({ expiresAt }) => expiresAt === null || expiresAt > worksUntil)) return 'fetch'
  if (keys.some(({ kind }) => kind === 'trial')) return 'trial'
  return keys.some(({ termEndsAt, renewedAt }) => termEndsAt && !renewedAt) ? 'renew' : 'ask'
}

/** Where a GLPI gets its files that cannot reach the portal; said beside its keys. */
export function OfflineLink({ visit: { t, organization }, instance, rows }: Props) {
  if (rows.length === 0) return null
  return (
    <p className="mt-3 text-muted">
      {t('offline.link_text')}{' '}
      <a className="link" href={`/${organization.slug}/instances/${instance.id}/offline`}>
        {t('offline.link')}
      </a>
    </p>
  )
}
