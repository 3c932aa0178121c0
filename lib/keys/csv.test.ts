import { expect, test } from 'vitest'
import { csvLine } from '@/lib/keys/csv'

const stress = Boolean(process.env.STRESS)
const trials = stress ? 100_000 : 10_000

/** RFC 4180, read by its grammar. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let at = 0
  while (at < text.length) {
    let cell = ''
    if (text[at] === '"') {
      for (at++; ; at++) {
        if (at >= text.length) throw new Error('an open quote')
        if (text[at] !== '"') cell += text[at]
        else if (text[at + 1] === '"') cell += text[++at]
        else break
      }
      at++
    } else {
      while (at < text.length && text[at] !== ',' && text[at] !== '\r') {
        if (text[at] === '"' || text[at] === '\n') throw new Error('a bare quote or line feed')
        cell += text[at++]
      }
    }
    row.push(cell)
    if (text[at] === ',') {
      at++
      continue
    }
    if (!text.startsWith('\r\n', at)) throw new Error('a cell ends neither with a comma nor with the line')
    at += 2
    rows.push(row)
    row = []
  }
  return rows
}

/** What spreadsheets take for a formula: these first, also after what they skip over. */
const formula = /^[\s\0\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]*[=+\-@|%\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/

const pieces = [
  ...[
    '=',
    '+',
    '-',
    '@',
    '|',
    '%',
    '\t',
    '\r',
    '\n',
    '\r\n',
    ' ',
    '\u00A0',
    '\uFEFF',
    '\u200B',
    '\u202E',
    '\u2066',
  ],
  ...[
    '\uFF1D',
    '\uFF0B',
    '\uFF0D',
    '\uFF20',
    '"',
    '""',
    "'",
    ',',
    ';',
    '<b>',
    '</script>',
    '&amp;',
    'é',
    '令',
    '😀',
  ],
  ...['cmd|/C calc!A0', 'HYPERLINK("https://evil.example")', 'SUM(1)', 'مكتب', '1', 'Désk'],
]

/** The same names each time: a linear congruence instead of chance. */
function* hostileNames(count: number): Generator<string> {
  let state = 41_700
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
  for (let name = 0; name < count; name++) {
    yield Array.from({ length: 1 + next(6) }, () => pieces[next(pieces.length)]).join('')
  }
}

test(`[B5] of ${trials} hostile names no cell starts a formula, and each comes back`, () => {
  let neutralized = 0
  for (const name of hostileNames(trials)) {
    const rows = parseCsv(csvLine([name, null, name]))
    expect(rows).toHaveLength(1)
    const [first = '', second, third] = rows[0] ?? []
    expect(second).toBe('')
    expect(third).toBe(first)
    // Also where a spreadsheet parts cells at semicolons, tabs or line breaks, whatever the quotes say.
    const parts = [first, ...first.split(/[;\t\r\n]/)]
    const taken = parts.find((part) => formula.test(part))
    if (taken !== undefined)
      throw new Error(`taken for a formula: ${JSON.stringify(taken)} of ${JSON.stringify(name)}`)
    if (first !== name) neutralized++
    // What has no such character stays as it is.
    if (!/[=+\-@|%\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(name)) expect(first).toBe(name)
    // Nothing is lost: without the apostrophes it is the name.
    expect(first.replaceAll("'", '')).toBe(name.replaceAll("'", ''))
  }
  expect(neutralized).toBeGreaterThan(trials / 4)
  expect(neutralized).toBeLessThan(trials)
  console.log(`[B5] ${trials} names, ${neutralized} neutralized`)
})
