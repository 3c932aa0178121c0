import type { ReactNode } from 'react'
import { currentTranslator } from '@/app/_request/session'
import { Alone } from '@/components/alone'
import { env } from '@/lib/env'

/** The frame of the pages that belong to no organization. `beside` the help: a form; `wide`: for what is read. */
export async function PublicFrame({
  beside,
  wide,
  children,
}: {
  beside?: ReactNode
  wide?: boolean
  children: ReactNode
}) {
  const t = await currentTranslator()
  const { VENDOR_NAME, SUPPORT_EMAIL } = env()
  const help = t.rich('people.public.help', {
    email: SUPPORT_EMAIL,
    link: (address) => (
      <a className="link" href={`mailto:${SUPPORT_EMAIL}`}>
        {address}
      </a>
    ),
  })
  const helped = (
    <>
      {help}
      <br />
      <a className="link" href="/check">
        {t('check.link')}
      </a>
    </>
  )
  return (
    <Alone vendor={VENDOR_NAME} help={helped} beside={beside} wide={wide}>
      {children}
    </Alone>
  )
}
