import { isUtf8 } from 'node:buffer'

/**
 * A text from outside as it may be kept and shown: Postgres stores neither a NUL nor half a pair of UTF-16, and nothing of
 * ours reads a control character. Each leaves something in its place, so that a key's mistakes are still told by theirs.
 */
export const cleanText = (text: string): string => text.toWellFormed().replace(/\p{Cc}/gu, ' ')

/**
 * The same of a header, which Node reads as Latin-1: what was pasted along, as a no-break space, would be other signs. Most
 * send UTF-8; what is none is Latin-1 indeed.
 */
export function cleanHeader(header: string): string {
  const bytes = Buffer.from(header, 'latin1')
  return cleanText(isUtf8(bytes) ? bytes.toString('utf8') : header)
}

/** The same of each field of a request. */
export function cleanFields(fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return fields
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? cleanText(value) : value,
    ]),
  )
}
