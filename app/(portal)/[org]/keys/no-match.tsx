import { LinkButton } from '@/components/ui/button'
import { Empty } from '@/components/ui/notice'
import type { Translate } from '@/lib/messages/translator'
import { type KeysAddress, keysHref } from './address'

/** Where the filter leaves no key: the way to a wider one, until there is none. */
export function NoMatch({ slug, address, t }: { slug: string; address: KeysAddress; t: Translate }) {
  const wider = { ...address, state: 'all' as const, productId: undefined, instanceId: undefined }
  const widest = address.state === 'all' && !address.productId && !address.instanceId
  return (
    <Empty
      icon="search"
      title={t('keys.list.no_match_title')}
      actions={
        <LinkButton href={keysHref(slug, widest ? { ...wider, search: '' } : wider)}>
          {t(widest ? 'keys.list.no_match_clear' : 'keys.list.no_match_all')}
        </LinkButton>
      }
    >
      {t(widest ? 'keys.list.no_match_at_all' : 'keys.list.no_match_text')}
    </Empty>
  )
}
