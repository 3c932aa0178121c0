import { LongNames } from './long-names'

/** A sentence whose short IDs are not broken at their hyphen, and whose long `names` take one line each. */
export const ShortIds = ({ text, names = [] }: { text: string; names?: string[] }) => (
  <LongNames names={names}>{text}</LongNames>
)
