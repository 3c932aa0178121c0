import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { Panel } from '@/components/ui/panel'
import { Dot } from '@/components/ui/state'

/** That somebody asks to be let in, to who may do that; nothing where nobody does. */
export function Joining({ visit: { t, organization }, count }: { visit: Visit; count: number }) {
  if (count === 0) return null
  return (
    <div className="mt-4">
      <Panel>
        <ul className="todo">
          <li>
            <Dot tone="soon" icon="users" />
            <div>
              <b>{t('overview.joining', { count })}</b>
            </div>
            <LinkButton small href={`/${organization.slug}/members#asked`}>
              {t('overview.joining_see')}
            </LinkButton>
          </li>
        </ul>
      </Panel>
    </div>
  )
}
