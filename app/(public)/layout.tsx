import type { ReactNode } from 'react'
import { chooseLanguage } from '@/app/_request/account-actions'
import { currentLanguage, currentTranslator } from '@/app/_request/session'
import { ChoiceForm } from '@/components/ui/choice'
import { env } from '@/lib/env'

/** The frame of the pages that one sees before one is in an organization. */
export default async function PublicLayout({ children }: { children: ReactNode }) {
  const t = await currentTranslator()
  const { VENDOR_NAME, SUPPORT_EMAIL } = env()
  return (
    <div className="mx-auto flex min-h-dvh max-w-104 flex-col gap-6 px-4 py-6 sm:justify-center">
      <header className="font-semibold">{VENDOR_NAME}</header>
      <main className="panel p-5 sm:p-6">{children}</main>
      <footer className="flex flex-wrap items-end justify-between gap-x-4 gap-y-2 text-muted">
        <p>
          {t.rich('people.public.help', {
            email: SUPPORT_EMAIL,
            link: (address) => (
              <a className="link" href={`mailto:${SUPPORT_EMAIL}`}>
                {address}
              </a>
            ),
          })}
        </p>
        {/* Its padding is for menus; here it stands at the panel's edge. */}
        <div className="-mx-[0.55rem]">
          <ChoiceForm
            name="language"
            legend={t('people.public.language')}
            current={await currentLanguage()}
            action={chooseLanguage}
            choices={[
              { value: 'en', text: 'English', lang: 'en' },
              { value: 'fr', text: 'Français', lang: 'fr' },
            ]}
          />
        </div>
      </footer>
    </div>
  )
}
