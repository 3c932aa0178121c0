import type { ReactNode } from 'react'

/** The frame of a page that stands alone: the vendor above, whom to ask below. `beside` the help: a form; `wide`: for what is read. */
export function Alone({
  vendor,
  help,
  beside,
  wide,
  children,
}: {
  vendor: string
  help: ReactNode
  beside?: ReactNode
  wide?: boolean | undefined
  children: ReactNode
}) {
  return (
    <div
      className={`mx-auto flex min-h-dvh flex-col gap-6 px-4 py-6 ${wide ? 'max-w-220' : 'max-w-104 sm:justify-center'}`}
    >
      <header className="font-semibold">{vendor}</header>
      <main className="panel p-5 sm:p-6">
        {/* Tables fold by this. */}
        <div className="@container/page">{children}</div>
      </main>
      <footer className="flex flex-wrap items-end justify-between gap-x-4 gap-y-2 text-muted">
        <p>{help}</p>
        {beside}
      </footer>
    </div>
  )
}
