export interface TooLong {
  line: number
  lines: number
}

/** Where a function begins, in a line as Biome formats it: a declaration, or an arrow that does not end in its line. */
const begins = /^\s*(?:export )?(?:default )?(?:async )?function\b|=>(?: [({[]+)?$|= (?:async )?\(\{?$/

/**
 * The functions of a source that are longer than `most` lines, from the name to the last brace. Biome counts tokens that
 * begin a line, and to it the lines between two elements of JSX are one text.
 */
export function tooLong(source: string, most: number): TooLong[] {
  const lines = source.split('\n')
  return lines.flatMap((text, at) => {
    if (!begins.test(text)) return []
    const length = endOf(lines, at) - at + 1
    return length > most ? [{ line: at + 1, lines: length }] : []
  })
}

/**
 * The first line that is indented no further and opens nothing that goes on, as the last line of a head does. An arrow
 * whose value begins on the next line ends before it.
 */
function endOf(lines: string[], start: number): number {
  const depth = indent(lines[start])
  const closed = !lines[start]?.endsWith('=>')
  for (let at = start + 1; at < lines.length; at++) {
    const text = lines[at]
    if (!text?.trim() || indent(text) > depth || /^\s*[)}\]].*(?:[{([]|=>|[=:|&])$/.test(text)) continue
    return closed ? at : lines.slice(0, at).findLastIndex((one) => one.trim())
  }
  return lines.length - 1
}

const indent = (text = '') => text.length - text.trimStart().length
