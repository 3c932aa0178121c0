import { Children, type ReactNode } from 'react'
import { isLong, longName } from './long-name'

/**
 * A sentence in which each of these names takes one line at most where it is longer than most; its title is the whole,
 * and the words around it stay.
 */
export function LongNames({
  names,
  children,
}: {
  names: (string | null | undefined)[]
  children: ReactNode
}): ReactNode {
  // The longest first: another may be a part of it.
  const long = names
    .flatMap((name) => (name && isLong(name) ? [name] : []))
    .sort((a, b) => b.length - a.length)
  if (long.length === 0) return children
  const parts = Children.toArray(children).flatMap((child) =>
    typeof child === 'string' ? marked(child, long) : [child],
  )
  return Children.toArray(parts)
}

function marked(text: string, [name, ...others]: string[]): ReactNode[] {
  if (name === undefined) return [text]
  return text.split(name).flatMap((part, at) => [
    at > 0 && (
      <span className="long" title={name}>
        {name}
      </span>
    ),
    ...marked(part, others),
  ])
}

/** The words of a heading or a button: of those that a name makes longer than most, the first lines. */
export const LongWords = ({ children }: { children: ReactNode }) =>
  typeof children === 'string' && isLong(children) ? (
    <span {...longName(children)}>{children}</span>
  ) : (
    children
  )
