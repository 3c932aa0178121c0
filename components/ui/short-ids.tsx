/** A sentence whose short IDs (K-7QF3XM) are not broken at their hyphen. */
export function ShortIds({ text }: { text: string }) {
  const parts = text.split(/([IK]-[0-9A-Z]{6})/)
  return parts.map((part, at) =>
    at % 2 === 1 ? (
      <span key={part} className="whitespace-nowrap">
        {part}
      </span>
    ) : (
      part
    ),
  )
}
