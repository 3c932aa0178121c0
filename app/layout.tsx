import type { Metadata } from 'next'
import { cookies, headers } from 'next/headers'
import type { ReactNode } from 'react'
import { parseTheme, themeAttribute } from '@/components/theme'
import { PopoverKeys } from '@/components/ui/popover-keys'
import { env } from '@/lib/env'
import { currentLanguage, currentTranslator, themeCookie } from './_request/session'
import { fontVariables } from './fonts'
import './globals.css'

export async function generateMetadata(): Promise<Metadata> {
  const t = await currentTranslator()
  const vendor = env().VENDOR_NAME
  return {
    title: { default: t('shell.title', { vendor }), template: `%s · ${vendor}` },
    robots: { index: false, follow: false },
    referrer: 'same-origin',
  }
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  const t = await currentTranslator()
  const theme = parseTheme((await cookies()).get(themeCookie())?.value)
  // Reading it makes every page render per request, which its nonce needs.
  await headers()
  return (
    <html lang={await currentLanguage()} data-theme={themeAttribute(theme)} className={fontVariables}>
      <body
        data-unreachable={t('errors.unreachable')}
        data-new-version={t('errors.new_version')}
        data-open-anew={t('errors.open_anew')}
        data-unanswered={t('errors.unanswered')}
        data-support={env().SUPPORT_EMAIL}
        data-vendor={env().VENDOR_NAME}
      >
        {children}
        <PopoverKeys />
      </body>
    </html>
  )
}
