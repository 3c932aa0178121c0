import { median, quantile, type Sample } from '@/bench/measure'
import type { Page } from '@/bench/page'

/** All that is known of a page: what one answer tells, and a sample per round with 16 connections and with one. */
export interface Figures {
  page: Page
  /** A right answer holds this. */
  expected: string
  statements: string[]
  script: number
  html: number
  busy: Sample[]
  alone: Sample[]
}

const rate = (sample: Sample) => sample.latencies.length / sample.seconds
const transaction = /^(begin|commit|rollback)\b/i

export function pageTable(figures: Figures[]): string[] {
  const rows = figures.flatMap((figure) => [
    row(figure, figure.busy, '16'),
    row({ ...figure, page: { ...figure.page, name: '' } }, figure.alone, '1'),
  ])
  const heads = [
    'page',
    'conn.',
    'req/s',
    'median ms',
    'p99 ms',
    'CPU ms/req',
    'queries',
    'JS kB',
    'HTML kB',
    'RSS MB',
  ]
  return table([heads, ...rows])
}

function row({ page, statements, script, html }: Figures, samples: Sample[], connections: string): string[] {
  const latencies = latenciesOf(samples)
  const processor = samples.reduce((sum, sample) => sum + sample.processor, 0)
  const own = page.name !== ''
  const queries = statements.filter((text) => !transaction.test(text)).length
  return [
    page.name,
    connections,
    median(samples.map(rate)).toFixed(0),
    median(latencies).toFixed(1),
    quantile(latencies, 0.99).toFixed(1),
    (processor / latencies.length).toFixed(1),
    own ? `${queries} + ${statements.length - queries}` : '',
    own ? kilobytes(script) : '',
    own ? kilobytes(html) : '',
    Math.max(...samples.map(({ resident }) => resident)).toFixed(0),
  ]
}

/** The ratio of requests per second with 16 connections, round by round, and its median. */
export function ratioTable(figures: Figures[]): string[] {
  const pairs = ratios(figures).map(({ name, rounds }) => [
    name,
    ...rounds.map((ratio) => ratio.toFixed(2)),
    median(rounds).toFixed(2),
  ])
  const rounds = figures[0]?.busy.map((_, round) => `${round + 1}`) ?? []
  return table([['requests per second, by round', ...rounds, 'median'], ...pairs])
}

/** Three aims, and what tells how much of the second is the number of rows and how much the size of the organization. */
const compared = [
  ['keys, 10,000', 'bare page'],
  ['keys, 10', 'keys, 10,000'],
  ['overview, 10', 'overview, 10,000'],
  ['keys, 190', 'keys, 10,000'],
  ['bare page, 10', 'bare page'],
] as const

function ratios(figures: Figures[]) {
  const named = (name: string) => figures.find(({ page }) => page.name === name)?.busy ?? []
  return compared.map(([above, below]) => {
    const others = named(below)
    const rounds = named(above).map((sample, round) => {
      const other = others[round]
      return other ? rate(sample) / rate(other) : Number.NaN
    })
    return { name: `${above} / ${below}`, rounds }
  })
}

/** What is aimed at, beside what was found. An aim that is missed is a figure, not an error. */
export function aims(figures: Figures[], atRest: number): string[] {
  const product = figures.filter(({ page }) => !page.name.startsWith('bare'))
  const tables = product.filter(({ page }) => /^(keys|overview)/.test(page.name))
  const searches = product.filter(({ page }) => page.name.startsWith('search'))
  const [longTrail, shortTrail] = product.filter(({ page }) => page.name.startsWith('activity'))
  const [ofBare, keysBySize, overviewBySize, sameRows, bareBySize] = ratios(figures).map(({ rounds }) =>
    median(rounds),
  )
  const slowestOf = (some: Figures[]) => Math.max(...some.map(({ alone }) => median(latenciesOf(alone))))
  const p99 = (figure?: Figures) => quantile(latenciesOf(figure?.alone ?? []), 0.99)
  const most = Math.max(...product.flatMap(({ busy }) => busy.map(({ resident }) => resident)))
  const script = Math.max(...product.map((figure) => figure.script))
  const line = (text: string, found = Number.NaN, digits = 2) => [text, found.toFixed(digits)]
  return table([
    ['aim', 'found'],
    line('keys page / bare page at least 0.80', ofBare),
    line('keys: 10 keys / 10,000 keys at most 1.25', keysBySize),
    line('overview: 10 keys / 10,000 keys at most 1.25', overviewBySize),
    line('  of it by the rows alone: the bare page, 10 rows / 50 rows', bareBySize),
    line('  of it by the size: keys, 190 keys / 10,000 keys, 50 rows each', sameRows),
    line('slowest median of keys and overview at one connection under 10 ms', slowestOf(tables), 1),
    line('activity: p99 of a long trail / of a short one at most 1.25', p99(longTrail) / p99(shortTrail)),
    line('slowest median of a search by staff under 25 ms', slowestOf(searches), 1),
    line('JavaScript at most 150 kB', script / 1000, 1),
    line('resident memory under 16 connections at most 500 MB', most, 0),
    line('resident memory before the first request, MB', atRest, 0),
  ])
}

const latenciesOf = (samples: Sample[]) => samples.flatMap(({ latencies }) => latencies)

const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1)

function table(rows: string[][]): string[] {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? []
  return rows.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  )
}
