import { Button } from '@/components/ui/button'
import { Input, Select } from '@/components/ui/field'
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
        <Select name="who" aria-label={t('activity.who')} defaultValue={address.who ?? ''}>
          <option value="">{t('activity.anybody')}</option>
          <option value="vendor">{vendor}</option>
          {people.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
        <Select name="kind" aria-label={t('activity.kind')} defaultValue={address.kind ?? ''}>
          <option value="">{t('activity.any_kind')}</option>
          {auditKinds.map((kind) => (
            <option key={kind} value={kind}>
              {t(`activity.kinds.${kind}`)}
            </option>
          ))}
        </Select>
        <Select name="outcome" aria-label={t('activity.outcome')} defaultValue={address.outcome ?? ''}>
          <option value="">{t('activity.any_outcome')}</option>
          {auditOutcomes.map((outcome) => (
            <option key={outcome} value={outcome}>
              {t(`activity.outcomes.${outcome}`)}
            </option>
          ))}
        </Select>
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
