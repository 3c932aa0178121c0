import type { ReactNode } from 'react'

/** The frame of a page that stands alone: the vendor above, whom to ask below. `beside` the help: a form. */
export function Alone({
  vendor,
  help,
  beside,
  children,
}: {
  vendor: string
  help: ReactNode
  beside?: ReactNode
  children: ReactNode
}) {
  return (
    <div className="mx-auto flex min-h-dvh max-w-104 flex-col gap-6 px-4 py-6 sm:justify-center">
      <header className="font-semibold">{vendor}</header>
      <main className="panel p-5 sm:p-6">{children}</main>
      <footer className="flex flex-wrap items-end justify-between gap-x-4 gap-y-2 text-muted">
        <p>{help}</p>
        {beside}
      </footer>
    </div>
  )
}
