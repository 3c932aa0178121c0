import { type ReactNode, useId } from 'react'
import { LongWords } from './long-names'

/** The head of a page: its one h1, a sentence that says how things stand, and what can be done. */
export function PageHead({
  title,
  sentence,
  actions,
}: {
  title: ReactNode
  sentence?: ReactNode
  actions?: ReactNode
}) {
  return (
    <div className="head">
      <div>
        <h1>
          <LongWords>{title}</LongWords>
        </h1>
        {sentence && <p>{sentence}</p>}
      </div>
      {actions && <div className="row">{actions}</div>}
    </div>
  )
}

/** A part of a page under its heading. `note` is said after it, in grey. */
export function Section({
  id: name,
  title,
  note,
  children,
}: {
  /** Where a mail or another page leads to. */
  id?: string
  title: ReactNode
  note?: ReactNode
  children: ReactNode
}) {
  const id = useId()
  return (
    <section id={name} className="section" aria-labelledby={id}>
      <h2 id={id}>
        <LongWords>{title}</LongWords> {note && <small>{note}</small>}
      </h2>
      {children}
    </section>
  )
}

/** A surface for a list, a table or a form. `padded` for text and forms; lists bring their own. */
export function Panel({ padded, children }: { padded?: boolean | undefined; children: ReactNode }) {
  return <div className={padded ? 'panel pad' : 'panel'}>{children}</div>
}
