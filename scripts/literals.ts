export interface Literal {
  text: string
  /** What stands before it on its line. */
  before: string
}

/** After these a slash begins a regular expression, elsewhere it divides or closes a tag. */
const beforeRegex = /(?:^|[(,=:[!&|?{};+]|\breturn|=>)\s*$/

/** The string and template literals of a source; what a template fills in stands as an ellipsis, and is looked into too. */
export function literalsOf(source: string): Literal[] {
  const found: Literal[] = []
  let at = 0
  const lineBefore = (index: number) => source.slice(source.lastIndexOf('\n', index - 1) + 1, index)

  /** Reads code up to its end, or up to the brace that closes what a template fills in. */
  function code(inTemplate: boolean) {
    let depth = 0
    while (at < source.length) {
      const char = source[at] ?? ''
      if (source.startsWith('//', at) && source[at - 1] !== ':') at = endOf('\n')
      else if (source.startsWith('/*', at)) at = endOf('*/')
      else if (char === "'" || char === '"') quoted(char)
      else if (char === '`') template()
      else if (char === '/' && source[at + 1] !== '>' && beforeRegex.test(lineBefore(at))) regex()
      else {
        if (char === '{') depth++
        if (char === '}' && depth-- === 0 && inTemplate) return
        at++
      }
    }
  }

  function endOf(mark: string): number {
    const end = source.indexOf(mark, at)
    return end < 0 ? source.length : end + mark.length
  }

  function quoted(mark: string) {
    const start = at++
    while (at < source.length && source[at] !== mark) at += source[at] === '\\' ? 2 : 1
    found.push({ text: source.slice(start + 1, at++), before: lineBefore(start) })
  }

  function template() {
    const start = at++
    let text = ''
    while (at < source.length && source[at] !== '`') {
      if (source.startsWith('${', at)) {
        at += 2
        code(true)
        text += '…'
        at++
      } else {
        const width = source[at] === '\\' ? 2 : 1
        text += source.slice(at, at + width)
        at += width
      }
    }
    at++
    found.push({ text, before: lineBefore(start) })
  }

  function regex() {
    let inClass = false
    for (at++; at < source.length && source[at] !== '\n' && (inClass || source[at] !== '/'); at++) {
      if (source[at] === '\\') at++
      else if (source[at] === '[') inClass = true
      else if (source[at] === ']') inClass = false
    }
    at++
  }

  code(false)
  return found
}
