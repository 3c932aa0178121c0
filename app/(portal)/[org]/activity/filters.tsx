import { Button } from '@/components/ui/button'
import { FilterSelect, Input } from '@/components/ui/field'
import { auditKinds, auditOutcomes } from '@/lib/audit/activity'
import type { Translate } from '@/lib/messages/translator'
import type { ActivityAddress } from './address'

/** The page's filter. What is chosen stands in the address, where `search/route.ts` puts it. */
export function ActivityFilters({
  slug,
  address,
  people,
  vendor,
  t,
}: {
  slug: string
  address: ActivityAddress
  people: { id: string; name: string }[]
  vendor: string
  t: Translate
}) {
  return (
    <search>
      {/* Off, so that going back shows the filter of that page, and not what was chosen after it. */}
      <form className="filters" action={`/${slug}/search`} method="post" autoComplete="off">
        <input type="hidden" name="list" value="activity" />
        {selects(address, people, vendor, t).map((select) => (
          <FilterSelect key={select.name} {...select} />
        ))}
        {(['from', 'to'] as const).map((name) => (
          <span key={name} className="labelled">
            <label htmlFor={name}>{t(`activity.${name}`)}</label>
            <Input type="date" id={name} name={name} defaultValue={address[name] ?? ''} />
          </span>
        ))}
        <Button type="submit">{t('activity.apply')}</Button>
      </form>
    </search>
  )
}

function selects(
  address: ActivityAddress,
  people: { id: string; name: string }[],
  vendor: string,
  t: Translate,
) {
  return [
    {
      name: 'who',
      label: t('activity.who'),
      chosen: address.who ?? '',
      options: [
        { value: '', text: t('activity.anybody') },
        { value: 'vendor', text: vendor },
        ...people.map(({ id, name }) => ({ value: id, text: name })),
      ],
    },
    {
      name: 'kind',
      label: t('activity.kind'),
      chosen: address.kind ?? '',
      options: [
        { value: '', text: t('activity.any_kind') },
        ...auditKinds.map((kind) => ({ value: kind, text: t(`activity.kinds.${kind}`) })),
      ],
    },
    {
      name: 'outcome',
      label: t('activity.outcome'),
      chosen: address.outcome ?? '',
      options: [
        { value: '', text: t('activity.any_outcome') },
        ...auditOutcomes.map((outcome) => ({ value: outcome, text: t(`activity.outcomes.${outcome}`) })),
      ],
    },
  ]
}
