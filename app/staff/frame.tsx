import type { ReactNode } from 'react'
import { DemoClock } from '@/app/_request/demo-clock'
import type { StaffVisit } from '@/app/_request/staff'
import { initials, organizationsOf, PersonMenu } from '@/app/person-menu'
import { type NavItem, Shell } from '@/components/shell'
import { asStaff } from '@/db/scope'
import { may } from '@/lib/access'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { countRequests } from '@/lib/staff/requests'

type Place = 'search' | 'requests' | 'trials' | 'new' | 'people'

/** The frame of the vendor's own pages. */
export async function StaffFrame({
  visit,
  current,
  children,
}: {
  visit: StaffVisit
  current: Place
  children: ReactNode
}) {
  const { session, language, t } = visit
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
      nav={navOf(visit, current, await waitingFor(visit))}
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

/** The requests of one's own organizations that wait; an admin's are all. */
const waitingFor = ({ session: { personId }, role }: StaffVisit): Promise<number> =>
  asStaff(personId, (tx) =>
    countRequests(tx, { assignedTo: role === 'admin' ? null : personId, kind: null }, now()),
  )

function navOf({ role, t }: StaffVisit, current: Place, waiting: number): NavItem[] {
  const people: NavItem = {
    href: '/staff/people',
    text: t('staff.people.link'),
    icon: 'users',
    current: current === 'people',
  }
  return [
    { href: '/staff', text: t('staff.search.title'), icon: 'search', current: current === 'search' },
    {
      href: '/staff/requests',
      text: t('requests.title'),
      icon: 'inbox',
      current: current === 'requests',
      count: { value: waiting, text: t('requests.count', { count: waiting }) },
    },
    {
      href: '/staff/trials',
      text: t('staff.trials.title'),
      icon: 'flask-conical',
      current: current === 'trials',
    },
    {
      href: '/staff/organizations/new',
      text: t('staff.new.title'),
      icon: 'plus',
      current: current === 'new',
    },
    ...(may(role, 'staff.read') ? [people] : []),
  ]
}
