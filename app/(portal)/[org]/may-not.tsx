import type { Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { Empty } from '@/components/ui/notice'
import { Panel } from '@/components/ui/panel'
import type { Permission } from '@/lib/access'

/** In the place of a form: whom to ask. */
export async function MayNot({ visit, permission }: { visit: Visit; permission: Permission }) {
  const { t, organization } = visit
  return (
    <Panel>
      <Empty
        icon="lock"
        title={t(permission.startsWith('member.') ? 'members.may_not_title' : 'instances.may_not.title')}
      >
        {t('instances.may_not.text', {
          role: t(`errors.role.${organization.role}`),
          who: await whomToAsk(visit, permission),
        })}
      </Empty>
    </Panel>
  )
}
