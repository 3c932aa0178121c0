import type { ReactNode } from 'react'
import { chooseLanguage } from '@/app/_request/account-actions'
import { currentLanguage, currentTranslator } from '@/app/_request/session'
import { PublicFrame } from '@/app/public-frame'
import { ChoiceForm } from '@/components/ui/choice'

/** The frame of the pages that one sees before one is in an organization. */
export default async function PublicLayout({ children }: { children: ReactNode }) {
  const t = await currentTranslator()
  const language = (
    // Its padding is for menus; here it stands at the panel's edge.
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
  )
  return <PublicFrame beside={language}>{children}</PublicFrame>
}
