import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

const root = path.join(import.meta.dirname, '..')
const productFolders = ['app', 'components', 'db', 'e2e', 'key-service', 'lib', 'sandbox', 'scripts']

/** The project's own files below its folders, by their path from the root. */
function sources(...folders: string[]): string[] {
  return folders
    .filter((folder) => existsSync(path.join(root, folder)))
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name))),
    )
}

/** Which of these files Biome refuses under a rule, when they lie where their path says. */
async function refused(files: Record<string, string>, rule: string): Promise<string[]> {
  // Elsewhere, so that no other test comes upon them.
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-architecture-'))
  try {
    for (const name of ['biome.json', 'biome.rooms.json'])
      copyFileSync(path.join(root, name), path.join(folder, name))
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), text)
    }
    const biome = path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
    const options = [
      'lint',
      '--vcs-enabled=false',
      `--only=${rule}`,
      '--reporter=json',
      '--max-diagnostics=none',
      '.',
    ]
    const output = await new Promise<string>((resolve) => {
      // It ends with 1 when it finds something, which it is to.
      execFile(process.execPath, [biome, ...options], { cwd: folder, maxBuffer: 2 ** 26 }, (_error, stdout) =>
        resolve(stdout),
      )
    })
    const { diagnostics } = JSON.parse(output.slice(output.indexOf('{'))) as {
      diagnostics: { category: string; location: { path: string | { file: string } } }[]
    }
    const found = diagnostics.filter(({ category }) => category === `lint/${rule}`)
    const places = found.map(({ location }) =>
      typeof location.path === 'string' ? location.path : location.path.file,
    )
    return Object.keys(files).filter((file) => places.some((place) => path.normalize(place).endsWith(file)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const forbidden: Record<string, string[]> = {
  'app/page.tsx': [
    '@/sandbox/mail',
    '@/e2e/sign-in',
    '@/db/schema/keys',
    '@/db/migrate',
    '@/scripts/start',
    'stripe',
    '../lib/keys/issue',
    '../../db/client',
  ],
  'components/x.tsx': [
    '@/app/page',
    '@/sandbox/mail',
    '@/db/scope',
    '@/lib/keys/issue',
    '@/lib/command',
    '@/lib/env',
    'zod',
    'node:fs',
    'node:fs/promises',
    'drizzle-orm',
    'pg',
    '../lib/keys/vault',
  ],
  'components/ui/x.tsx': ['@/lib/keys/vault', 'zod/mini'],
  'key-service/server.ts': ['@/app/page', '@/sandbox/mail', '@/components/form', 'next/server'],
  'key-service/routes/check.ts': ['@/db/scope', '@/lib/keys/vault', '@/lib/env', '../../db/scope'],
  'scripts/x.ts': ['@/app/page'],
  'sandbox/x.ts': ['@/app/page'],
  'e2e/x.ts': ['@/app/page'],
  'db/x.ts': [
    '@/app/page',
    '@/components/form',
    '@/sandbox/mail',
    '@/lib/command',
    '@/lib/keys/vault',
    '@/lib/organizations/create',
    'next/headers',
    'react',
    '../lib/command',
  ],
  'lib/x.ts': [
    '@/app/page',
    '@/sandbox/mail',
    '@/lib/keys/issue',
    '@/lib/staff/x',
    'next/headers',
    'react',
    'stripe',
  ],
  'lib/audit/x.ts': ['@/lib/keys/issue', '@/lib/organizations/create'],
  'lib/messages/x.ts': ['@/lib/keys/queries', 'react'],
  'lib/mail/x.tsx': ['next/headers', '@/app/page', '@/components/form'],
  'lib/mail/x.ts': ['react'],
  'lib/organizations/x.ts': [
    '@/lib/instances/add',
    '@/lib/keys/issue',
    '@/lib/catalog/queries',
    '@/lib/subscriptions/start',
    '../keys/issue',
  ],
  'lib/catalog/x.ts': ['@/lib/organizations/create', '@/lib/keys/issue'],
  'lib/people/x.ts': ['@/lib/keys/issue', '@/lib/instances/add'],
  'lib/instances/x.ts': [
    '@/lib/keys/issue',
    '@/lib/keys/queries',
    '@/lib/keys/rules',
    '@/lib/trials/start',
    '@/app/page',
    'next',
    'react',
  ],
  'lib/keys/x.ts': [
    '@/lib/subscriptions/start',
    '@/lib/trials/start',
    '@/lib/payments/refund',
    '@/lib/activations/check',
    '@/lib/staff/assign',
    '@/lib/staff/rules',
    '@/lib/subscriptions/rules',
  ],
  'lib/subscriptions/x.ts': [
    '@/lib/trials/start',
    '@/lib/payments/refund',
    '@/lib/staff/assign',
    '@/lib/staff/rules',
  ],
  'lib/trials/x.ts': ['@/lib/payments/refund', '@/lib/activations/check', '@/lib/staff/rules'],
  'lib/payments/x.ts': ['@/lib/trials/start', '@/lib/activations/check', 'stripe'],
  'lib/activations/x.ts': ['@/lib/subscriptions/start', '@/lib/payments/refund'],
  'lib/staff/x.ts': ['@/app/page', 'react'],
  'lib/keys/rules.ts': [
    '@/db/schema/keys',
    '@/lib/env',
    '@/lib/keys/vault',
    '@/lib/staff/rules',
    './vault',
    'node:crypto',
    'zod',
    'drizzle-orm',
  ],
  'lib/keys/format.ts': ['./issue', '@/lib/clock', 'node:crypto'],
  'lib/instances/url.ts': ['./add', 'node:url', '@/lib/errors'],
  'lib/organizations/calendar.ts': ['@/lib/clock', './queries'],
}

const allowed: Record<string, string[]> = {
  'app/page.tsx': [
    '@/lib/keys/queries',
    '@/components/form',
    '@/db/scope',
    'next/headers',
    './x',
    '../_request/act',
  ],
  'components/x.tsx': [
    '@/lib/keys/rules',
    '@/lib/keys/format',
    '@/lib/instances/url',
    'react',
    './ui/button',
  ],
  'db/x.ts': [
    ...['@/lib/env', '@/lib/errors', '@/lib/log', '@/lib/answer', '@/lib/organizations/slug'],
    ...['drizzle-orm', './client'],
  ],
  'lib/mail/x.tsx': ['react', '@/lib/env'],
  'lib/keys/x.ts': [
    '@/lib/instances/queries',
    '@/lib/organizations/queries',
    '@/lib/catalog/rules',
    '@/lib/command',
    '@/db/scope',
    './issue',
  ],
  'lib/instances/x.ts': ['@/lib/keys/vault', '@/lib/keys/free-text', '@/lib/organizations/calendar'],
  'lib/trials/x.ts': ['@/lib/subscriptions/start', '@/lib/keys/issue'],
  'lib/staff/x.ts': ['@/lib/trials/start', '@/lib/keys/issue'],
  'lib/keys/rules.ts': ['@/lib/organizations/calendar', '@/lib/subscriptions/rules', './format'],
  'key-service/routes/check.ts': ['@/lib/activations/check', '@/lib/command', './lease'],
  'sandbox/x.ts': ['@/lib/keys/issue', '@/db/migrate', '@/scripts/processes'],
}

/** As many checkouts as the longest list has imports, so that each import has a file of the very name. */
async function judge(imports: Record<string, string[]>) {
  const found: string[] = []
  const asked: string[] = []
  const longest = Math.max(...Object.values(imports).map(({ length }) => length))
  for (let index = 0; index < longest; index++) {
    const files: Record<string, string> = {}
    for (const [file, names] of Object.entries(imports)) {
      const name = names[index]
      if (name) files[file] = `import { x } from '${name}'\nexport const y = x\n`
    }
    asked.push(...Object.keys(files).map((file) => `${file} ← ${imports[file]?.[index]}`))
    const bad = await refused(files, 'style/noRestrictedImports')
    found.push(...bad.map((file) => `${file} ← ${imports[file]?.[index]}`))
  }
  return { asked: asked.sort(), found: found.sort() }
}

test('each import across the rooms that DESIGN forbids is refused', async () => {
  const { asked, found } = await judge(forbidden)
  expect(found).toEqual(asked)
  console.log(`${asked.length} imports`)
})

test('the imports that a room lives by are let through', async () => {
  expect((await judge(allowed)).found).toEqual([])
})

test('a circle of imports is refused', async () => {
  const circle = {
    'lib/a.ts': `import { b } from './b'\nexport const a = () => b\n`,
    'lib/b.ts': `import { a } from './a'\nexport const b = () => a\n`,
  }
  expect(await refused(circle, 'suspicious/noImportCycles')).toEqual(['lib/a.ts', 'lib/b.ts'])
})

test('a sentence in the markup of a page or a component is refused, punctuation is not', async () => {
  const files = {
    'app/x.tsx': 'export const x = <p>Your keys</p>\n',
    'components/ui/x.tsx': 'export const x = <p>Your keys</p>\n',
    'app/y.tsx': 'export const y = <p className="muted">·</p>\n',
  }
  expect(await refused(files, 'style/noJsxLiterals')).toEqual(['app/x.tsx', 'components/ui/x.tsx'])
})

/** Attributes that people read or hear. */
const spoken =
  /\s(?:aria-label|aria-description|aria-placeholder|aria-roledescription|aria-valuetext|title|alt|placeholder)=(?!"https:)(?:"[^"]*\p{L}[^"]*"|\{\s*['"`](?:[^$'"`]|\$(?!\{))*\p{L}(?:[^$'"`]|\$(?!\{))*['"`]\s*\})/u

test.each([
  ['<img alt="A key" />', true],
  [`<button aria-label={'Copy'} />`, true],
  ['<input placeholder={`Search`} />', true],
  ['<input placeholder="https://glpi.example.com" />', false],
  ['<img alt="" />', false],
  ['<img alt={t("keys.alt")} />', false],
  ['<th title={sentence} />', false],
])('%s holds a sentence that nobody translates: %s', (markup, found) => {
  expect(spoken.test(markup)).toBe(found)
})

test('no aria-label, title, alt or placeholder is written in one language alone', () => {
  const found = sources('app', 'components')
    .filter((file) => file.endsWith('.tsx') && !file.includes('.test.'))
    .filter((file) => spoken.test(readFileSync(path.join(root, file), 'utf8')))
  expect(found).toEqual([])
})

test('no file is longer than 300 lines, and none lies deeper than six folders', () => {
  const files = sources(...productFolders).filter((file) => /\.(tsx?|css|mjs)$/.test(file))
  const free = (file: string) =>
    /\.test\.tsx?$/.test(file) || /^(components\/ui|db\/migrations|e2e|sandbox\/test)\//.test(file)
  const long = files
    .filter((file) => !free(file))
    .filter((file) => readFileSync(path.join(root, file), 'utf8').trimEnd().split('\n').length > 300)
  expect(long).toEqual([])
  expect(files.filter((file) => path.dirname(file).split(path.sep).length > 6)).toEqual([])
})

test('no file is an index, or named after nothing in particular', () => {
  const vague = /(^|\/)(index|utils?|misc|common|helpers?|[^/]*-v\d+)(\.[a-z]+|\/)/
  expect(sources(...productFolders).filter((file) => vague.test(file))).toEqual([])
})

test('each room that CONTRIBUTING names exists, and each room of lib is named there', () => {
  const text = readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8')
  const rows = text
    .split('\n')
    .filter((line) => /^\|.*\|.*\|.*\|$/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const paths = rows.flatMap((cells) =>
    [...(cells[3] ?? '').matchAll(/`([a-z-]+\/)`/g)].map((match) => match[1] ?? ''),
  )
  expect(paths.length).toBeGreaterThan(10)
  expect([...new Set(paths)].filter((room) => !existsSync(path.join(root, 'lib', room)))).toEqual([])
  const doors = ['audit/', 'jobs/', 'mail/', 'messages/']
  const rooms = readdirSync(path.join(root, 'lib'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  expect(
    rooms.map(({ name }) => `${name}/`).filter((room) => !paths.includes(room) && !doors.includes(room)),
  ).toEqual([])
})

test('each path that CONTRIBUTING names exists', () => {
  const text = readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8')
  const start = new RegExp(`\`((?:docs|bench|${productFolders.join('|')})/[^\`*…]*)\``, 'g')
  const paths = [...text.matchAll(start)].map((match) => match[1] ?? '')
  expect(paths).toContain('lib/clock.ts')
  expect(paths.filter((one) => !existsSync(path.join(root, one)))).toEqual([])
})
