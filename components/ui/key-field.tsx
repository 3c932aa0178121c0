import { Fragment } from 'react'

/**
 * A whole key. It is shown in groups of four by margin alone, so that what is selected or copied is the key, character
 * by character. `label` names the field ("Key of Forms Pro on Service desk").
 */
export function KeyField({ characters, label }: { characters: string; label: string }) {
  const groups = [...characters.matchAll(/.{1,4}/gsu)]
  return (
    <fieldset className="key" aria-label={label}>
      <code className="chars" translate="no">
        {groups.map(({ 0: group, index }) => (
          <Fragment key={index}>
            {index > 0 && <wbr />}
            <i>{group}</i>
          </Fragment>
        ))}
      </code>
    </fieldset>
  )
}

/** A masked key, of which the page holds the beginning and the end only: one element for a screen reader, `label`. */
export function HiddenKey({ start, end, label }: { start: string; end: string; label: string }) {
  return (
    <span className="chars hid" role="img" aria-label={label}>
      {start} <span className="dots">{dots}</span> {end}
    </span>
  )
}

const dots = Array.from({ length: 7 }, () => '••••').join(' ')
