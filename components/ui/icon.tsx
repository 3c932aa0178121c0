import { type IconName, iconFile } from './icon-names'

export type { IconName }

/**
 * An icon beside words, hidden from screen readers. Its shape is in a file that the browser keeps: shapes within the page
 * would be sent with each one, twice (measured: 21 kB, and a tenth of an empty page's requests per second).
 */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" aria-hidden="true">
      <use href={`${iconFile}#${name}`} />
    </svg>
  )
}
