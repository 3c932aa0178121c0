import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { Notice } from '@/components/ui/notice'
import type { filesThatEnd } from '@/lib/activations/offline-files'
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

/** Which offline files end soon: a new one is fetched as soon as a key works longer than they do. */
export function EndingFiles({ visit, instance, rows, files }: Props & { files: Ending }) {
  const { t, language, organization } = visit
  if (instance.retiredAt) return null
  const link = (chunks: ReactNode) => (
    <a className="link" href={`/${organization.slug}/instances/${instance.id}/offline`}>
      {chunks}
    </a>
  )
  return files.map(({ productId, product, worksUntil }) => {
    const longer = rows.some(
      (row) =>
        row.productId === productId && inUse(row) && (row.expiresAt === null || row.expiresAt > worksUntil),
    )
    const date = lastDay(worksUntil, language, organization.timeZone)
    return (
      <Notice key={`${productId} ${worksUntil.getTime()}`} tone="soon" silent>
        {t.rich('offline.ends', { product, date, renewed: longer ? 'yes' : 'no', link })}
      </Notice>
    )
  })
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
