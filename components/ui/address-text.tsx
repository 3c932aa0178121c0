import { Fragment } from 'react'

/** Shorter ones have room in any column, and are left as they are: a list has fifty. */
const short = 24

/** An address that a line may end in after a dot too; browsers know of the slash and the hyphen. */
export function AddressText({ text }: { text: string }) {
  if (text.length <= short) return text
  return [...text.matchAll(/[^.]*\.|[^.]+/g)].map(({ 0: part, index: place }) =>
    place === 0 ? (
      part
    ) : (
      <Fragment key={place}>
        <wbr />
        {part}
      </Fragment>
    ),
  )
}
