import type { ReactNode } from 'react'
import { LanguageChoice } from '@/app/language-choice'
import { PublicFrame } from '@/app/public-frame'

/** The frame of what a stranger looks at before they have an organization. */
export default function TrialLayout({ children }: { children: ReactNode }) {
  return (
    <PublicFrame wide beside={<LanguageChoice />}>
      {children}
    </PublicFrame>
  )
}
