import type { Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { Empty } from '@/components/ui/notice'
import { Panel } from '@/components/ui/panel'
import { type Permission, rolesThatMay } from '@/lib/access'

const titleOf = (permission: Permission) => {
  if (permission.startsWith('member.')) return 'members.may_not_title'
  return rolesThatMay(permission).length === 0 ? 'staff.may_not_title' : 'instances.may_not.title'
}

/** In the place of a form: whom to ask. */
export async function MayNot({ visit, permission }: { visit: Visit; permission: Permission }) {
  const { t, organization } = visit
  return (
    <Panel>
      <Empty icon="lock" title={t(titleOf(permission))}>
        {t('instances.may_not.text', {
          role: t(`errors.role.${organization.role}`),
          who: await whomToAsk(visit, permission),
        })}
      </Empty>
    </Panel>
  )
}
