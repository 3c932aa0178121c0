import type { ReactNode } from 'react'
import { DemoClock } from '@/app/_request/demo-clock'
import type { StaffVisit } from '@/app/_request/staff'
import { initials, organizationsOf, PersonMenu } from '@/app/person-menu'
import { type NavItem, Shell } from '@/components/shell'
import { may } from '@/lib/access'
import { env } from '@/lib/env'

type Place = 'search' | 'new' | 'people'

/** The frame of the vendor's own pages. */
export function StaffFrame({
  visit: { session, role, language, t },
  current,
  children,
}: {
  visit: StaffVisit
  current: Place
  children: ReactNode
}) {
  const name = session.name ?? session.email
  const { VENDOR_NAME } = env()
  return (
    <Shell
      labels={{
        skip: t('shell.skip'),
        navigation: t('staff.navigation'),
        menu: t('shell.menu'),
        switchOrganization: '',
        account: t('shell.account', { name }),
      }}
      at={{ mark: initials(VENDOR_NAME), name: VENDOR_NAME, note: t('staff.console') }}
      others={organizationsOf(session, t)}
      nav={navOf(role, current, t)}
      person={{
        mark: initials(name),
        name,
        note: t(`staff.people.role.${session.staff ?? 'account_manager'}`),
      }}
      personMenu={<PersonMenu language={language} t={t} />}
      demo={<DemoClock />}
    >
      {children}
    </Shell>
  )
}

function navOf(role: StaffVisit['role'], current: Place, t: StaffVisit['t']): NavItem[] {
  const people: NavItem = {
    href: '/staff/people',
    text: t('staff.people.link'),
    icon: 'users',
    current: current === 'people',
  }
  return [
    { href: '/staff', text: t('staff.search.title'), icon: 'search', current: current === 'search' },
    {
      href: '/staff/organizations/new',
      text: t('staff.new.title'),
      icon: 'plus',
      current: current === 'new',
    },
    ...(may(role, 'staff.read') ? [people] : []),
  ]
}
