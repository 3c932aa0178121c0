import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const root = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(root, file), 'utf8')
const operate = text('docs/operate.md')
const section = (title: string) => operate.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''

const sources = ['app', 'components', 'db', 'key-service', 'lib', 'scripts'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .map((file) => `${folder}/${file}`),
)

/** What is said at `warn` and above, by its text; what is handed on from the job library, by the arguments. */
const saidAtWarn = (file: string) =>
  [...text(file).matchAll(/\blog\.(?:warn|error|fatal)\(\s*(?:\{[\s\S]*?\},\s*)?(?:'([^']+)'|([^)]*))/g)].map(
    ([, line, handedOn]) => line ?? `(${handedOn})`,
  )

test('each line at warn and above stands in the operator’s table, and no other', () => {
  const said = sources.flatMap(saidAtWarn)
  const own = said.filter((line) => !line.startsWith('('))
  // graphile-worker's, which the table names by how they begin, with dots
  expect(said.filter((line) => line.startsWith('('))).toEqual(['(facts, message)', '(facts, message)'])
  expect(own.length).toBeGreaterThan(20)
  const rows = section('What the log says').match(/^\| `.*$/gm) ?? []
  const listed = rows.flatMap((row) =>
    [...(row.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, line]) => line),
  )
  expect(listed.filter((line) => !line?.endsWith(' …')).sort()).toEqual([...new Set(own)].sort())
  for (const row of rows) expect(row.split(' | ').length, row).toBe(3)
})

test('whoever follows “Install” from top to bottom has a signing key before the start', () => {
  const install = section('Install')
  const steps = [
    'leases:root -- new',
    'db:migrate',
    'catalog:apply',
    'staff:add',
    'leases:rotate',
    'leases:root -- sign',
  ]
  const places = [...steps, 'leases:rotate -- --publish', 'npm start'].map(
    (step) => install.indexOf(`npm run ${step}`) + 1 || install.indexOf(step) + 1,
  )
  expect(places.every((place) => place > 0)).toBe(true)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  for (const variable of ['LEASE_KEY_RING', 'LEASE_ROOT_PUBLIC_KEY']) expect(install).toContain(variable)
})
