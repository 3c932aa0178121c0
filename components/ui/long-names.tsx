import { Children, type ReactNode } from 'react'
import { codeIn, isLong, longName } from './long-name'

/**
 * A sentence in which each of these names takes one line at most where it is longer than most; its title is the whole,
 * and the words around it stay. No short ID (K-7QF3XM) is broken at its hyphen, and what `asCode` marked is set as code.
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
  const parts = Children.toArray(children).flatMap((child) =>
    typeof child === 'string' ? withCode(child, long) : [child],
  )
  return Children.toArray(parts)
}

function withCode(text: string, long: string[]): ReactNode[] {
  return parted(
    text,
    codeIn,
    (part) => marked(part, long),
    (part) => (
      <code className="wrap-anywhere" translate="no">
        {Children.toArray(marked(part, long))}
      </code>
    ),
  )
}

const shortIdIn = /([IK]-[0-9A-Z]{6})(?![0-9A-Za-z])/

const withShortIds = (text: string) =>
  parted(
    text,
    shortIdIn,
    (part) => [part],
    (part) => <span className="id">{part}</span>,
  )

/** Of what is split at a group, every second piece is what the group found. */
function parted(
  text: string,
  at: RegExp,
  plain: (part: string) => ReactNode[],
  found: (part: string) => ReactNode,
): ReactNode[] {
  return text.split(at).flatMap((part, nth) => (nth % 2 === 0 ? plain(part) : [found(part)]))
}

function marked(text: string, [name, ...others]: string[]): ReactNode[] {
  if (name === undefined) return withShortIds(text)
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
