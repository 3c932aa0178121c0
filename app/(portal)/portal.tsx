import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { initials, PersonMenu } from '@/app/person-menu'
import { Shell } from '@/components/shell'
import { isStaffRole } from '@/lib/access'
import { StaffBanner } from './staff-banner'

/** The frame of an organization's pages. `needs` counts the lines of its overview that want somebody. */
export async function Portal({
  visit,
  current,
  needs,
  children,
}: {
  visit: Visit
  current: 'overview' | 'instances' | 'keys' | 'members' | 'activity'
  needs: number
  children: ReactNode
}) {
  const { session, organization, language, t } = visit
  const home = `/${organization.slug}`
  const name = session.name ?? session.email
  const mine = (slug: string) => slug === organization.slug
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
      others={session.memberships.map((membership) => ({
        href: `/${membership.slug}`,
        mark: initials(membership.name),
        name: membership.name,
        note: t(`shell.role.${membership.role}`),
        current: mine(membership.slug),
      }))}
      nav={[
        ...(session.staff
          ? [{ href: '/staff', text: t('shell.staff.console'), icon: 'search' as const, current: false }]
          : []),
        {
          href: home,
          text: t('shell.overview'),
          icon: 'house',
          current: current === 'overview',
          count: { value: needs, text: t('shell.needs_you', { count: needs }) },
        },
        {
          href: `${home}/instances`,
          text: t('shell.instances'),
          icon: 'server',
          current: current === 'instances',
        },
        { href: `${home}/keys`, text: t('shell.keys'), icon: 'key', current: current === 'keys' },
        {
          href: `${home}/members`,
          text: t('shell.members'),
          icon: 'users',
          current: current === 'members',
        },
        {
          href: `${home}/activity`,
          text: t('shell.activity'),
          icon: 'list',
          current: current === 'activity',
        },
      ]}
      person={{ mark: initials(name), name, note: t(`shell.role.${organization.role}`) }}
      personMenu={<PersonMenu language={language} t={t} />}
    >
      {isStaffRole(organization.role) && <StaffBanner visit={visit} />}
      {children}
    </Shell>
  )
}
