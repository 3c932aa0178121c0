import type { ReactNode } from 'react'
import { LanguageChoice } from '@/app/language-choice'
import { PublicFrame } from '@/app/public-frame'

/** The frame of the pages that one sees before one is in an organization. */
export default function PublicLayout({ children }: { children: ReactNode }) {
  return <PublicFrame beside={<LanguageChoice />}>{children}</PublicFrame>
}
