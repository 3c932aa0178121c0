import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { eventSubjects } from '@/lib/payments/rules'

const root = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(root, file), 'utf8')
const doc = text('docs/stripe.md')

test('the events that the endpoint is to get are those that have an effect, each once', () => {
  const [, listed = ''] = /<!-- events: [^>]*-->\n\n```\n([^`]*)```/.exec(doc) ?? []
  expect(listed.trim().split('\n').toSorted()).toEqual(Object.keys(eventSubjects).toSorted())
})

test('each log line of docs/stripe.md is said, and each that payments say stands there', () => {
  const files = ['compare', 'reconcile', 'stripe', 'work-events'].map((name) =>
    text(`lib/payments/${name}.ts`),
  )
  const said = files.flatMap((source) =>
    [...source.matchAll(/\blog\.\w+\(\s*\{[^}]*\},\s*'([^']+)'/g)].map(([, line]) => line),
  )
  const rows = doc.split('\n## What the log says\n')[1]?.match(/^\| `[^`]+`/gm) ?? []
  const listed = rows.map((row) => row.slice(3, -1)).filter((line) => !line.endsWith(' …'))
  expect(listed.toSorted()).toEqual([...new Set(said)].toSorted())
})

test('every command and page of payments is linked from where an operator begins', () => {
  for (const file of ['README.md', 'docs/operate.md']) expect(text(file), file).toContain('stripe.md')
  const scripts = Object.keys(JSON.parse(text('package.json')).scripts)
  const named = [...doc.matchAll(/npm run (stripe:\w+)/g)].map(([, name]) => name)
  expect(new Set(named)).toEqual(new Set(scripts.filter((name) => name.startsWith('stripe:'))))
})
