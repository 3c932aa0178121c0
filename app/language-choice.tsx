import { chooseLanguage } from '@/app/_request/account-actions'
import { currentLanguage, currentTranslator } from '@/app/_request/session'
import { ChoiceForm } from '@/components/ui/choice'

/** The choice of the language where one need not be signed in. */
export async function LanguageChoice() {
  const t = await currentTranslator()
  return (
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
}
