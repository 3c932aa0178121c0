import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { tooLong } from './lengths'

const most = 50
const root = path.join(import.meta.dirname, '..')

/** Their lines are one list of constraints: to part it would part what belongs to one table. */
const except = /^db\/schema\//

test(`no function is longer than ${most} lines`, () => {
  const files = ['app', 'components', 'db', 'key-service', 'lib', 'sandbox', 'scripts'].flatMap((folder) =>
    filesOf(folder).filter(
      (file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file) && !except.test(file),
    ),
  )
  expect(files.length).toBeGreaterThan(200)
  const found = files.flatMap((file) =>
    tooLong(readFileSync(path.join(root, file), 'utf8'), most).map(
      ({ line, lines }) => `${file}:${line} has a function of ${lines} lines`,
    ),
  )
  expect(found).toEqual([])
})

function filesOf(folder: string): string[] {
  if (!existsSync(path.join(root, folder))) return []
  const names = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
  return names.map((name) => path.join(folder, name))
}

const middle = (count: number) => '  x()\n'.repeat(count)

test.each([
  ['a component', `export async function Page() {\n  return (\n${middle(47)}  )\n}`],
  ['its head counts', `function Page({\n  id,\n}: {\n  id: string\n}) {\n${middle(45)}}`],
  ['a head of several lines', `function page(\n  id: string,\n): Promise<string> {\n${middle(47)}}`],
  ['an arrow', `const page = async ({ id }: Props) => {\n${middle(49)}}`],
  ['an arrow without a block', `const page = (id: string) =>\n  say(\n${middle(48)}  )\n\nconst next = 1\n`],
  ['a command', `export const edit = command('edit', Schema, async (scope) => {\n${middle(49)}})`],
  ['a function in another', `  const stop = async () => {\n    x()\n${'    x()\n'.repeat(48)}  }`],
])('it sees one of 51 lines: %s', (_what, source) => {
  expect(tooLong(source, 50)).toEqual([{ line: 1, lines: 51 }])
  expect(tooLong(source, 51)).toEqual([])
})

test('what stands between functions is none', () => {
  expect(tooLong(`const table = {\n${'  a: 1,\n'.repeat(60)}}\n\nfunction f() {\n  x()\n}`, 50)).toEqual([])
})
