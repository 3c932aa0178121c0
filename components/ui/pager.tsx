import { LinkButton } from './button'

type Step = { href: string; text: string }

/** From one page of a list to the next. A step that does not exist is left out, not greyed. */
export function Pager({
  label,
  summary,
  previous,
  next,
}: {
  label: string
  summary: string
  previous?: Step | undefined
  next?: Step | undefined
}) {
  return (
    <nav className="pager" aria-label={label}>
      <span>{summary}</span>
      <span className="row">
        {previous && (
          <LinkButton small href={previous.href}>
            {previous.text}
          </LinkButton>
        )}
        {next && (
          <LinkButton small href={next.href}>
            {next.text}
          </LinkButton>
        )}
      </span>
    </nav>
  )
}
