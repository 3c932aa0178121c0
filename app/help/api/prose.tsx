import { Fragment } from 'react'

/** A text of the API's document, which marks names of code as Markdown does. */
export const Prose = ({ text }: { text: string | undefined }) =>
  // Every second piece stands between two marks; a text may be short, and a piece twice in it.
  text?.split('`').map((piece, place) => {
    const key = `${place} ${piece}`
    return place % 2 === 0 ? (
      <Fragment key={key}>{piece}</Fragment>
    ) : (
      <code key={key} translate="no" className="wrap-anywhere">
        {piece}
      </code>
    )
  })
