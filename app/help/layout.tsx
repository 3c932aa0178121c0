import type { ReactNode } from 'react'
import { LanguageChoice } from '@/app/language-choice'
import { PublicFrame } from '@/app/public-frame'

/** The frame of what everybody may read. */
export default function HelpLayout({ children }: { children: ReactNode }) {
  return (
    <PublicFrame wide beside={<LanguageChoice />}>
      {children}
    </PublicFrame>
  )
}
