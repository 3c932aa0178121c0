import { cookies } from 'next/headers'
import { chooseLanguage, chooseTheme, signOut, signOutEverywhere } from '@/app/_request/account-actions'
import { themeCookie } from '@/app/_request/session'
import { parseTheme, ThemeForm } from '@/components/theme'
import { ChoiceForm } from '@/components/ui/choice'
import { Icon } from '@/components/ui/icon'
import type { Language, Translate } from '@/lib/messages/translator'
import type { Session } from '@/lib/people/session'

/** What a person finds under their name, on whatever page. */
export async function PersonMenu({ language, t }: { language: Language; t: Translate }) {
  const theme = parseTheme((await cookies()).get(themeCookie())?.value)
  return (
    <>
      <a href="/account">
        <Icon name="circle-user" />
        {t('account.title')}
      </a>
      <a href="/check">
        <Icon name="key" />
        {t('check.link')}
      </a>
      <hr />
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
  )
}

/** One or two letters of a name, whatever its script. */
/** The organizations of a person, as the switcher shows them. */
export function organizationsOf({ memberships }: Pick<Session, 'memberships'>, t: Translate) {
  return memberships.map(({ slug, name, role }) => ({
    href: `/${slug}`,
    mark: initials(name),
    name,
    note: t(`shell.role.${role}`),
  }))
}

export function initials(name: string): string {
  const words = name.split(/[\s@._-]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word))
  const significant = words.filter((word) => /^[\p{Lu}\p{Lo}\p{N}]/u.test(word))
  const [first = '?', second = ''] = significant.length > 1 ? significant : words
  return (first.slice(0, 1) + second.slice(0, 1)).toLocaleUpperCase()
}
