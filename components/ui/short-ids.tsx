import { LongNames } from './long-names'

/** A sentence whose short IDs (K-7QF3XM) are not broken at their hyphen, and whose long `names` take one line each. */
export function ShortIds({ text, names = [] }: { text: string; names?: string[] }) {
  const parts = text.matchAll(/([IK]-[0-9A-Z]{6})|(?:(?![IK]-[0-9A-Z]{6}).)+/gs)
  return [...parts].map(({ 0: part, 1: shortId, index: place }) =>
    shortId ? (
      <span key={place} className="id">
        {part}
      </span>
    ) : (
      <LongNames key={place} names={names}>
        {part}
      </LongNames>
    ),
  )
}
