import type { Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { LongNames } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { Panel } from '@/components/ui/panel'
import { type Permission, rolesThatMay } from '@/lib/access'

/** Whose words say what it is that one may not do. */
const roomOf = (permission: Permission) => {
  if (permission.startsWith('member.')) return 'members'
  if (permission.startsWith('token.')) return 'settings'
  if (permission.startsWith('offline_file.')) return 'offline'
  return rolesThatMay(permission).length === 0 ? 'staff' : 'instances'
}

/** In the place of a form: whom to ask. */
export async function MayNot({ visit, permission }: { visit: Visit; permission: Permission }) {
  const { t, organization } = visit
  const room = roomOf(permission)
  const { who, names } = await whomToAsk(visit, permission)
  return (
    <Panel>
      <Empty icon="lock" title={t(`${room}.may_not.title`)}>
        <LongNames names={names}>
          {t(`${room}.may_not.text`, { role: t(`errors.role.${organization.role}`), who })}
        </LongNames>
      </Empty>
    </Panel>
  )
}
