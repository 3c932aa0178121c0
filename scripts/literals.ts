export interface Literal {
  text: string
  /** What stands before it on its line. */
  before: string
}

/** After these a slash begins a regular expression, elsewhere it divides or closes a tag. */
const beforeRegex = /(?:^|[(,=:[!&|?{};+]|\breturn|=>)\s*$/

/** The string and template literals of a source; what a template fills in stands as an ellipsis, and is looked into too. */
export function literalsOf(source: string): Literal[] {
  const reader = new Reader(source)
  reader.code(false)
  return reader.found
}

class Reader {
  readonly found: Literal[] = []
  private at = 0

  constructor(private readonly source: string) {}

  /** Reads code up to its end, or up to the brace that closes what a template fills in. */
  code(inTemplate: boolean) {
    let depth = 0
    while (this.at < this.source.length) {
      const char = this.source[this.at] ?? ''
      if (this.comes('//') && this.source[this.at - 1] !== ':') this.at = this.endOf('\n')
      else if (this.comes('/*')) this.at = this.endOf('*/')
      else if (char === "'" || char === '"') this.quoted(char)
      else if (char === '`') this.template()
      else if (char === '/' && this.beginsRegex()) this.regex()
      else {
        if (char === '{') depth++
        if (char === '}' && depth-- === 0 && inTemplate) return
        this.at++
      }
    }
  }

  private quoted(mark: string) {
    const start = this.at++
    while (this.at < this.source.length && this.source[this.at] !== mark) this.at += this.width()
    this.note(start, this.source.slice(start + 1, this.at++))
  }

  private template() {
    const start = this.at++
    let text = ''
    while (this.at < this.source.length && this.source[this.at] !== '`') {
      if (this.comes('${')) {
        this.at += 2
        this.code(true)
        text += '…'
        this.at++
      } else {
        text += this.source.slice(this.at, this.at + this.width())
        this.at += this.width()
      }
    }
    this.at++
    this.note(start, text)
  }

  private regex() {
    let inClass = false
    for (this.at++; this.at < this.source.length; this.at++) {
      const char = this.source[this.at]
      if (char === '\n' || (char === '/' && !inClass)) break
      if (char === '\\') this.at++
      else if (char === '[') inClass = true
      else if (char === ']') inClass = false
    }
    this.at++
  }

  private note(start: number, text: string) {
    this.found.push({ text, before: this.lineBefore(start) })
  }

  private beginsRegex() {
    return this.source[this.at + 1] !== '>' && beforeRegex.test(this.lineBefore(this.at))
  }

  private lineBefore(index: number) {
    return this.source.slice(this.source.lastIndexOf('\n', index - 1) + 1, index)
  }

  private comes(mark: string) {
    return this.source.startsWith(mark, this.at)
  }

  /** With a backslash, two characters are one. */
  private width() {
    return this.source[this.at] === '\\' ? 2 : 1
  }

  private endOf(mark: string): number {
    const end = this.source.indexOf(mark, this.at)
    return end < 0 ? this.source.length : end + mark.length
  }
}
