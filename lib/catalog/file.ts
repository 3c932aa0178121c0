import { isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'

/** What is wrong with a catalog file, line by line, in words for whoever wrote it. */
export class CatalogFileError extends Error {
  readonly problems: string[]

  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.name = 'CatalogFileError'
    this.problems = problems
  }
}

/** `11.0` is no number here, nor is `1.10` the same as `1.1`. */
const texts = ['version', 'glpi_min', 'glpi_max', 'released_on', 'reference', 'name']

const noFields =
  'A catalog file has one field, products: a list of one product or more, as docs/catalog.md says it.'

/**
 * Reads a catalog file (docs/catalog.md): YAML 1.2, its fields in snake_case.
 * @returns what `applyCatalog` takes; and `explain`, which names the line of each field that it found wrong.
 * @throws CatalogFileError for what is no YAML, or has no fields.
 */
export function readCatalogFile(text: string) {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineOf = (offset: number | undefined) => lines.linePos(offset ?? 0).line
  if (document.errors.length > 0)
    throw new CatalogFileError(
      document.errors.map(({ pos, message }) => `line ${lineOf(pos[0])}: ${message}`),
    )
  if (!isMap(document.contents)) throw new CatalogFileError([noFields])
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key)) return
      const name = String(key.value)
      key.value = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
      if (!isScalar(value) || !texts.includes(name)) return
      if (value.value !== null && value.source !== undefined) value.value = value.source
    },
  })
  const explain = (fields: Readonly<Record<string, string>>): string[] =>
    Object.entries(fields)
      .map(([field, code]) => {
        const path = field.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
        const line = lineOf(offsetOf(document, path))
        return { line, said: `line ${line}: ${sayPath(path)}: ${reasons[code] ?? snakeCase(code)}` }
      })
      .sort((a, b) => a.line - b.line)
      .map(({ said }) => said)
  return { catalog: document.toJS(), explain }
}

type Path = (string | number)[]

/** Where a field begins or, where it is missing, the one that lacks it. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    const range = isPair(node) ? undefined : (node as { range?: [number, number, number] } | undefined)?.range // a node's
    if (range) return range[0]
  }
  return undefined
}

const sayPath = (path: Path) =>
  path
    .map((part) => (typeof part === 'number' ? ` ${part + 1}` : `, ${snakeCase(part)}`))
    .join('')
    .replace(/^, /, '')

const reasons: Record<string, string> = {
  version: 'this is no version, such as 11.0.4',
  backwards: 'this ends before it begins (glpi_min)',
  date: 'this is no day, such as 2026-11-21',
  reference: 'a reference has small letters, digits, - and _ only',
  open_source_trial: 'what is open source needs no key, so there is nothing to try',
  currency: 'this must be a currency in three small letters, such as eur',
  price_twice: 'two prices are for the same currency and months',
  not_a_suite: 'only a product of kind: suite contains others',
  contains_itself: 'a suite cannot contain itself',
  suite_in_suite: 'a suite contains products, not suites',
  in_suite: 'a suite contains this product, and a suite contains no suites',
  unknown_product: 'there is no such product, neither here nor in the database',
  twice: 'this stands here twice',
  unknown_field: 'there is no such field',
}

export const snakeCase = (text: string) => text.replace(/[a-z][A-Z]/g, ([a, b]) => `${a}_${b?.toLowerCase()}`)
