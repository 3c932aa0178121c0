'use client'

import { Fragment } from 'react'
import { type ButtonNames, KeyAnswer, RevealButtons, ShownKey, useAnswered } from '@/components/key-desk'
import { AddressText } from '@/components/ui/address-text'
import type { IconName } from '@/components/ui/icon'
import { longName } from '@/components/ui/long-name'
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
  instanceShortId: string | null
  tone: Tone
  icon: IconName
  state: string
  until: string
  note: string
  lastFour: string
  /** What it is beside others that stand there, in a word. */
  mark: string | null
  /** Copying it is the next thing to do. */
  next: boolean
  works: boolean
}

/**
 * The rows of the table. A client component for the sake of the server: the page then carries each row's words once,
 * and not all of its elements again for React.
 */
export function KeyRows({
  lines,
  page,
  mayReveal,
  names,
}: {
  lines: KeyLine[]
  /** Below which each key has its own; null where these stand on it. */
  page: string | null
  mayReveal: boolean
  /** With gaps for the product and the instance. */
  names: ButtonNames
}) {
  const answered = useAnswered()
  return (
    <tbody>
      {lines.map((line) => (
        <Fragment key={line.id}>
          <Row line={line} page={page} mayReveal={mayReveal} names={names} />
          {answered === line.id && (
            <tr>
              <td colSpan={6}>
                <ShownKey keyId={line.id} />
                <KeyAnswer keyId={line.id} />
              </td>
            </tr>
          )}
        </Fragment>
      ))}
    </tbody>
  )
}

interface RowProps {
  line: KeyLine
  page: string | null
  mayReveal: boolean
  names: ButtonNames
}

function Row({ line, page, mayReveal, names }: RowProps) {
  return (
    <tr>
      <td>
        <b>{line.product}</b>
        <KeyName line={line} page={page} />
      </td>
      <td>
        {line.href ? (
          <a href={line.href} {...longName(line.instance)}>
            {line.instance}
          </a>
        ) : (
          line.instance
        )}
        <small>
          <AddressText text={line.address} />{' '}
          {line.instanceShortId && <span className="id">{line.instanceShortId}</span>}
        </small>
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
          {line.works && <RevealButtons keyId={line.id} names={filled(names, line)} primary={line.next} />}
        </td>
      )}
    </tr>
  )
}

function KeyName({ line, page }: Pick<RowProps, 'line' | 'page'>) {
  const name = <code>{line.shortId}</code>
  return (
    <small>
      {line.mark && <span className="chip">{line.mark}</span>}{' '}
      {page ? (
        <a className="link id" href={`${page}/${line.id}`}>
          {name}
        </a>
      ) : (
        name
      )}
    </small>
  )
}

/** Not as a replacement text: in that a `$` of a name would mean something. */
function filled(names: ButtonNames, { product, instance }: KeyLine): ButtonNames {
  const fill = (name: string) =>
    name.replace('{product}', () => product).replace('{instance}', () => instance)
  return {
    copy: fill(names.copy),
    copied: fill(names.copied),
    show: fill(names.show),
    hide: fill(names.hide),
  }
}
