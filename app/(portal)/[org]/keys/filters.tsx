import { Button } from '@/components/ui/button'
import { SearchInput, Select } from '@/components/ui/field'
import { keySorts } from '@/lib/keys/queries'
import { keyStates } from '@/lib/keys/rules'
import type { Translate } from '@/lib/messages/translator'
import type { KeysAddress } from './address'

interface Option {
  id: string
  name: string
}

/** The list's filter. What is chosen stands in the address, where `search/route.ts` puts it. */
export function Filters({
  slug,
  address,
  products,
  instances,
  t,
}: {
  slug: string
  address: KeysAddress
  products: Option[]
  instances: { id: string; label: string }[]
  t: Translate
}) {
  return (
    <search>
      {/* Off, so that going back shows the filter of that page, and not what was chosen after it. */}
      <form className="filters" action={`/${slug}/search`} method="post" autoComplete="off">
        <SearchInput
          name="q"
          label={t('keys.list.search')}
          placeholder={t('keys.list.search_short')}
          defaultValue={address.search}
          maxLength={300}
        />
        <Select name="product" aria-label={t('keys.list.product')} defaultValue={address.productId ?? ''}>
          <option value="">{t('keys.list.any_product')}</option>
          {products.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
        <Select name="state" aria-label={t('keys.list.state')} defaultValue={address.state}>
          <option value="current">{t('keys.list.current')}</option>
          <option value="all">{t('keys.list.all')}</option>
          {(['waiting', ...keyStates] as const).map((state) => (
            <option key={state} value={state}>
              {t(`keys.state.${state}`)}
            </option>
          ))}
        </Select>
        {instances.length > 0 && (
          <Select
            name="instance"
            aria-label={t('keys.list.instance')}
            defaultValue={address.instanceId ?? ''}
          >
            <option value="">{t('keys.list.any_instance')}</option>
            {instances.map(({ id, label }) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </Select>
        )}
        <Select name="sort" aria-label={t('keys.list.sort')} defaultValue={address.sort}>
          {keySorts.map((sort) => (
            <option key={sort} value={sort}>
              {t(`keys.list.sort_${sort}`)}
            </option>
          ))}
        </Select>
        <Button type="submit">{t('keys.list.apply')}</Button>
      </form>
    </search>
  )
}
