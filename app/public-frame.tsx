import type { ReactNode } from 'react'
import { currentTranslator } from '@/app/_request/session'
import { env } from '@/lib/env'

/** The frame of the pages that belong to no organization: the vendor above, whom to ask below. `beside` the help: a form. */
export async function PublicFrame({ beside, children }: { beside?: ReactNode; children: ReactNode }) {
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
        {beside}
      </footer>
    </div>
  )
}
