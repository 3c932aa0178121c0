import type { ReactNode } from 'react'
import { DemoClock } from '@/app/_request/demo-clock'
import { initials, organizationsOf, PersonMenu } from '@/app/person-menu'
import { Shell } from '@/components/shell'
import { env } from '@/lib/env'
import type { Translate } from '@/lib/messages/translator'
import type { Session } from '@/lib/people/session'

/** The frame of what belongs to a person and to no organization; from it one goes back to one's organizations. */
export function AccountFrame({
  session,
  t,
  children,
}: {
  session: Session
  t: Translate
  children: ReactNode
}) {
  const { VENDOR_NAME: vendor } = env()
  const name = session.name ?? session.email
  const organizations = organizationsOf(session, t)
  // Two and more are in the switcher.
  const only = organizations.length === 1 ? organizations : []
  return (
    <Shell
      labels={{
        skip: t('shell.skip'),
        navigation: t('shell.navigation'),
        menu: t('shell.menu'),
        switchOrganization: t('account.open_organization'),
        account: t('shell.account', { name }),
      }}
      at={{ mark: initials(vendor), name: vendor, note: t('account.title') }}
      others={organizations}
      nav={[
        ...only.map(({ href, name }) => ({ href, text: name, icon: 'building-complex' as const })),
        { href: '/account', text: t('account.title'), icon: 'circle-user', current: true },
      ]}
      person={{ mark: initials(name), name, note: session.email }}
      personMenu={<PersonMenu language={session.language} t={t} />}
      demo={<DemoClock />}
    >
      {children}
    </Shell>
  )
}
