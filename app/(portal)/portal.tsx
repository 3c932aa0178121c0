import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { chooseLanguage, chooseTheme, signOut, signOutEverywhere } from '@/app/_request/account-actions'
import { themeCookie, type Visit } from '@/app/_request/session'
import { Shell } from '@/components/shell'
import { parseTheme, ThemeForm } from '@/components/theme'
import { ChoiceForm } from '@/components/ui/choice'
import { Icon } from '@/components/ui/icon'

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
  const theme = parseTheme((await cookies()).get(themeCookie())?.value)
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
      personMenu={
        <>
          <ChoiceForm
            name="language"
            legend={t('shell.language')}
            current={language}
            action={chooseLanguage}
            choices={[
              { value: 'en', text: 'English', lang: 'en' },
              { value: 'fr', text: 'Français', lang: 'fr' },
            ]}
          />
          <ThemeForm
            current={theme}
            labels={{
              legend: t('shell.theme'),
              system: t('shell.theme_system'),
              light: t('shell.theme_light'),
              dark: t('shell.theme_dark'),
            }}
            action={chooseTheme}
          />
          <hr />
          <form action={signOut}>
            <button type="submit">
              <Icon name="log-out" />
              {t('shell.sign_out')}
            </button>
          </form>
          <form action={signOutEverywhere}>
            <button type="submit">
              <Icon name="lock" />
              {t('shell.sign_out_everywhere')}
            </button>
          </form>
        </>
      }
    >
      {children}
    </Shell>
  )
}

/** One or two letters of a name, whatever its script. */
function initials(name: string): string {
  const words = name.split(/[\s@._-]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word))
  const significant = words.filter((word) => /^[\p{Lu}\p{Lo}\p{N}]/u.test(word))
  const [first = '?', second = ''] = significant.length > 1 ? significant : words
  return (first.slice(0, 1) + second.slice(0, 1)).toLocaleUpperCase()
}
