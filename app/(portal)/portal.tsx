import type { ReactNode } from 'react'
import { DemoClock } from '@/app/_request/demo-clock'
import type { Visit } from '@/app/_request/session'
import { initials, organizationsOf, PersonMenu } from '@/app/person-menu'
import { type NavItem, Shell } from '@/components/shell'
import { isStaffRole, may } from '@/lib/access'
import { StaffBanner } from './staff-banner'

type Place =
  | 'overview'
  | 'instances'
  | 'keys'
  | 'trials'
  | 'questions'
  | 'billing'
  | 'members'
  | 'activity'
  | 'settings'

/** The frame of an organization's pages. `needs` counts the lines of its overview that want somebody. */
export async function Portal({
  visit,
  current,
  needs,
  children,
}: {
  visit: Visit
  current: Place
  needs: number
  children: ReactNode
}) {
  const { session, organization, language, t } = visit
  const name = session.name ?? session.email
  return (
    <Shell
      labels={{
        skip: t('shell.skip'),
        navigation: t('shell.navigation'),
        menu: t('shell.menu'),
        switchOrganization: t('shell.switch_organization', { name: organization.name }),
        account: t('shell.account', { name }),
      }}
      at={{
        mark: initials(organization.name),
        name: organization.name,
        note: organization.slug,
      }}
      others={organizationsOf(session, t).map((one) => ({
        ...one,
        current: one.href === `/${organization.slug}`,
      }))}
      nav={navOf(visit, current, needs)}
      person={{ mark: initials(name), name, note: t(`shell.role.${organization.role}`) }}
      personMenu={<PersonMenu language={language} t={t} />}
      demo={<DemoClock />}
    >
      {isStaffRole(organization.role) && <StaffBanner visit={visit} />}
      {children}
    </Shell>
  )
}

function navOf({ session, organization, t }: Visit, current: Place, needs: number): NavItem[] {
  const home = `/${organization.slug}`
  const places: readonly (readonly [Place, NavItem['icon'], path: string])[] = [
    ['overview', 'house', ''],
    ['instances', 'server', '/instances'],
    ['keys', 'key', '/keys'],
    ['trials', 'flask-conical', '/trials'],
    ['questions', 'inbox', '/questions'],
    ...(may(organization.role, 'billing.read') ? ([['billing', 'credit-card', '/billing']] as const) : []),
    ['members', 'users', '/members'],
    ['activity', 'list', '/activity'],
    ['settings', 'settings', '/settings'],
  ]
  const own: NavItem[] = places.map(([place, icon, path]) => ({
    href: `${home}${path}`,
    text: t(`shell.${place}`),
    icon,
    current: place === current,
    count: place === 'overview' ? { value: needs, text: t('shell.needs_you', { count: needs }) } : undefined,
  }))
  return session.staff ? [{ href: '/staff', text: t('shell.staff.console'), icon: 'search' }, ...own] : own
}
