import { Button } from '@/components/ui/button'
import { FilterSelect, SearchInput } from '@/components/ui/field'
import { keySorts } from '@/lib/keys/queries'
import { keyStates } from '@/lib/keys/rules'
import type { Translate } from '@/lib/messages/translator'
import type { KeysAddress } from './address'

interface Choices {
  products: { id: string; name: string }[]
  instances: { id: string; label: string }[]
}

/** The list's filter. What is chosen stands in the address, where `search/route.ts` puts it. */
export function Filters({
  slug,
  address,
  choices,
  t,
}: {
  slug: string
  address: KeysAddress
  choices: Choices
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
        {/* Together on the search box's line, or together below it. */}
        <div className="choices">
          {selects(address, choices, t).map((select) => (
            <FilterSelect key={select.name} {...select} />
          ))}
          <Button type="submit">{t('keys.list.apply')}</Button>
        </div>
      </form>
    </search>
  )
}

function selects(address: KeysAddress, { products, instances }: Choices, t: Translate) {
  const product = {
    name: 'product',
    label: t('keys.list.product'),
    chosen: address.productId ?? '',
    options: [
      { value: '', text: t('keys.list.any_product') },
      ...products.map(({ id, name }) => ({ value: id, text: name })),
    ],
  }
  const state = {
    name: 'state',
    label: t('keys.list.state'),
    chosen: address.state,
    options: [
      { value: 'current', text: t('keys.list.current') },
      { value: 'all', text: t('keys.list.all') },
      ...(['waiting', ...keyStates] as const).map((one) => ({ value: one, text: t(`keys.state.${one}`) })),
    ],
  }
  const instance = {
    name: 'instance',
    label: t('keys.list.instance'),
    chosen: address.instanceId ?? '',
    options: [
      { value: '', text: t('keys.list.any_instance') },
      ...instances.map(({ id, label }) => ({ value: id, text: label })),
    ],
  }
  const sort = {
    name: 'sort',
    label: t('keys.list.sort'),
    chosen: address.sort,
    options: keySorts.map((one) => ({ value: one, text: t(`keys.list.sort_${one}`) })),
  }
  return instances.length > 0 ? [product, state, instance, sort] : [product, state, sort]
}
