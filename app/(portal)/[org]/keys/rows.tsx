'use client'

import { Button } from '@/components/ui/button'
import type { IconName } from '@/components/ui/icon'
import { ShortIds } from '@/components/ui/short-ids'
import { State, type Tone } from '@/components/ui/state'

/** What a row says, in words that the server chose. */
export interface KeyLine {
  id: string
  shortId: string
  product: string
  instance: string
  href: string | null
  address: string
  tone: Tone
  icon: IconName
  state: string
  until: string
  note: string
  lastFour: string
  /** The buttons' names for a screen reader; false where there is no button. */
  copy: string | false
  show: string | false
}

/**
 * The rows of the table. A client component for the sake of the server: the page then carries each row's words once,
 * and not all of its elements again for React.
 */
export function KeyRows({
  lines,
  mayReveal,
  words,
}: {
  lines: KeyLine[]
  mayReveal: boolean
  words: { copy: string; show: string }
}) {
  return (
    <tbody>
      {lines.map((line) => (
        <tr key={line.id}>
          <td>
            <b>{line.product}</b>
            <small>
              <code>{line.shortId}</code>
            </small>
          </td>
          <td>
            {line.href ? <a href={line.href}>{line.instance}</a> : line.instance}
            <small>{line.address}</small>
          </td>
          <td>
            <State tone={line.tone} icon={line.icon}>
              {line.state}
            </State>
          </td>
          <td>
            {line.until}
            <small>
              <ShortIds text={line.note} />
            </small>
          </td>
          <td>
            <code>{`…${line.lastFour}`}</code>
          </td>
          {mayReveal && (
            <td className="act">
              <Actions line={line} words={words} />
            </td>
          )}
        </tr>
      ))}
    </tbody>
  )
}

function Actions({ line, words }: { line: KeyLine; words: { copy: string; show: string } }) {
  return (
    <>
      {line.copy && (
        <Button small icon="copy" name="reveal" value={`copied ${line.id}`} label={line.copy}>
          {words.copy}
        </Button>
      )}
      {line.show && (
        <Button small variant="quiet" icon="eye" name="reveal" value={`shown ${line.id}`} label={line.show}>
          {words.show}
        </Button>
      )}
      <span id={`slot-${line.id}`} />
    </>
  )
}
