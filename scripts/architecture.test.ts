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
import { z } from 'zod'

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

type Place = { file: string; line: number }

/** What Biome refuses of these files under a rule, when they lie where their path says. */
async function refused(files: Record<string, string>, rule: string): Promise<Place[]> {
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
      diagnostics: { category: string; location: { path: string; start: { line: number } } }[]
    }
    return diagnostics
      .filter(({ category }) => category === `lint/${rule}`)
      .map(({ location }) => ({ file: location.path, line: location.start.line }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const Imports = z.object({
  options: z.object({ patterns: z.array(z.object({ group: z.array(z.string()) })) }),
})
/** What a test asks of biome.rooms.json. */
const Rooms = z.object({
  overrides: z.array(
    z.object({
      includes: z.array(z.string()),
      linter: z.object({
        rules: z.object({ style: z.object({ noRestrictedImports: Imports.optional() }) }),
      }),
    }),
  ),
})

/** What neither lib nor db may import, wherever it lies there. */
const fromAbove = [
  ...['@/app/page', '@/components/form', '@/key-service/server', '@/scripts/start', '@/e2e/sign-in'],
  ...['@/sandbox/mail', 'next', 'next/headers', 'react', 'react/jsx-runtime', 'react-dom'],
  ...['react-dom/client', 'stripe', 'stripe/webhooks', '../command'],
]

/** The rooms that each room may import. Who is not named may not be imported: it is above, or beside. */
const below: Record<string, readonly string[]> = {
  catalog: [],
  organizations: [],
  people: ['organizations'],
  instances: ['catalog', 'organizations'],
  keys: ['catalog', 'organizations', 'instances'],
  subscriptions: ['catalog', 'organizations', 'instances', 'keys'],
  payments: ['catalog', 'organizations', 'instances', 'keys', 'subscriptions'],
  trials: ['catalog', 'organizations', 'instances', 'keys', 'subscriptions'],
  activations: ['catalog', 'organizations', 'instances', 'keys'],
  staff: ['catalog', 'organizations', 'people', 'instances', 'keys', 'subscriptions', 'payments', 'trials'],
}
const rooms = Object.keys(below)
const inRooms = rooms.map((room) => `@/lib/${room}/x`)

/** Rules too: they are pure, and still of a room. */
const aboveRooms = Object.entries(below)
  .filter(([room]) => room !== 'staff')
  .map(([room, lower]): [string, string[]] => [
    `lib/${room}/x.ts`,
    rooms
      .filter((other) => other !== room && !lower.includes(other))
      .flatMap((other) => [`@/lib/${other}/x`, `@/lib/${other}/rules`])
      .concat(fromAbove),
  ])

const pure = [
  ...['lib/keys/rules.ts', 'lib/catalog/rules.ts', 'lib/keys/format.ts', 'lib/keys/checksum.ts'],
  ...['lib/keys/explain.ts', 'lib/keys/mistyped.ts', 'lib/instances/url.ts', 'lib/instances/label.ts'],
  ...['lib/instances/punycode.ts', 'lib/organizations/calendar.ts', 'lib/organizations/slug.ts'],
]
const impure = [
  ...[
    '@/lib/env',
    '@/lib/clock',
    '@/lib/errors',
    '@/lib/keys/vault',
    '@/lib/staff/rules',
    './vault',
    './issue',
  ],
  ...['@/db/schema/keys', 'node:crypto', 'node:fs/promises', 'zod', 'zod/mini', 'drizzle-orm'],
  ...['drizzle-orm/pg-core', 'pg', ...fromAbove],
]

const doors = [
  ...['lib/x.ts', 'lib/audit/x.ts', 'lib/messages/x.ts', 'lib/jobs/enqueue.ts', 'lib/jobs/jobs.ts'],
]

const forbidden: Record<string, string[]> = {
  'app/page.tsx': [
    ...['@/sandbox/mail', '@/e2e/sign-in', '@/scripts/start', '@/key-service/server'],
    ...['@/db/schema/keys', '@/db/migrate', '../../db/client', '../lib/keys/issue', '../sandbox/mail'],
    ...['../components/form', 'stripe', 'stripe/webhooks'],
  ],
  'components/x.tsx': [
    ...['@/app/page', '@/sandbox/mail', '@/e2e/sign-in', '@/scripts/start', '@/key-service/server'],
    ...['@/db/scope', '@/lib/keys/issue', '@/lib/command', '@/lib/env', '../lib/keys/vault', '../db/scope'],
    ...[
      '../app/page',
      'zod',
      'zod/mini',
      'node:fs',
      'node:fs/promises',
      'drizzle-orm',
      'drizzle-orm/pg-core',
    ],
    ...['pg', 'stripe', 'stripe/webhooks'],
  ],
  'components/ui/x.tsx': ['@/lib/keys/vault', 'zod/mini'],
  'key-service/server.ts': [
    ...['@/app/page', '@/sandbox/mail', '@/e2e/sign-in', '@/components/form', 'react', 'next', 'next/server'],
  ],
  'key-service/routes/check.ts': [
    ...['@/app/page', '@/sandbox/mail', '@/e2e/sign-in', '@/db/scope', '@/lib/keys/vault', '@/lib/env'],
    ...['../../db/scope', '../../lib/env'],
  ],
  'scripts/x.ts': ['@/app/page'],
  'sandbox/x.ts': ['@/app/page'],
  'e2e/x.ts': ['@/app/page'],
  'x.ts': ['@/app/page'],
  'db/x.ts': ['@/lib/command', '@/lib/keys/vault', '@/lib/organizations/create', ...fromAbove],
  'lib/jobs/x.ts': fromAbove,
  'lib/staff/x.ts': fromAbove,
  // Stripe itself, once and here alone.
  'lib/payments/stripe.ts': [
    ...fromAbove.filter((name) => !name.startsWith('stripe')),
    ...['@/db/scope', '@/db/schema/payments', ...inRooms],
  ],
  'lib/mail/x.tsx': fromAbove.filter((name) => !/^react(?!-dom)/.test(name)),
  'lib/mail/x.ts': ['react'],
  ...Object.fromEntries(doors.map((file) => [file, [...inRooms, ...fromAbove]])),
  ...Object.fromEntries(aboveRooms),
  ...Object.fromEntries(pure.map((file) => [file, impure])),
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
  'lib/payments/x.ts': ['@/lib/subscriptions/add-term', '@/lib/keys/issue', './stripe'],
  'lib/payments/stripe.ts': ['stripe', '@/lib/env', '@/lib/errors', '@/lib/log'],
  'lib/staff/x.ts': ['@/lib/trials/start', '@/lib/keys/issue'],
  'lib/keys/rules.ts': ['@/lib/organizations/calendar', '@/lib/subscriptions/rules', './format'],
  'key-service/routes/check.ts': ['@/lib/activations/check', '@/lib/command', './lease'],
  'sandbox/x.ts': ['@/lib/keys/issue', '@/db/migrate', '@/scripts/processes'],
}

/** Asked and found: `file ← import`, sorted. */
async function judge(imports: Record<string, string[]>) {
  const files = Object.fromEntries(
    Object.entries(imports).map(([file, names]) => [
      file,
      names.map((name, index) => `export { x as x${index} } from '${name}'\n`).join(''),
    ]),
  )
  const found = await refused(files, 'style/noRestrictedImports')
  return {
    asked: Object.entries(imports)
      .flatMap(([file, names]) => names.map((name) => `${file} ← ${name}`))
      .sort(),
    // Once, also where two of the rule's patterns refuse it.
    found: [...new Set(found.map(({ file, line }) => `${file} ← ${imports[file]?.[line - 1]}`))].sort(),
  }
}

test('each import across the rooms that DESIGN forbids is refused', async () => {
  const { asked, found } = await judge(forbidden)
  expect(found).toEqual(asked)
  console.log(`${asked.length} imports`)
})

test('no rule about imports goes untried: each of its files and each of its names is in the table', () => {
  const { overrides } = Rooms.parse(JSON.parse(readFileSync(path.join(root, 'biome.rooms.json'), 'utf8')))
  const isOf = (file: string, { includes }: { includes: string[] }) =>
    includes.some((glob) => path.matchesGlob(file, glob)) &&
    !includes.some((glob) => glob.startsWith('!') && path.matchesGlob(file, glob.slice(1)))
  const rules = overrides.filter(({ linter }) => linter.rules.style.noRestrictedImports)
  const untried = rules.flatMap((rule) => {
    // Of two rules for a file, Biome follows the last.
    const files = Object.keys(forbidden).filter((file) => rules.findLast((one) => isOf(file, one)) === rule)
    const names = files
      .flatMap((file) => forbidden[file] ?? [])
      .map((name) => name.replace(/^(\.\.\/)+/, '../'))
    const { patterns } = rule.linter.rules.style.noRestrictedImports?.options ?? { patterns: [] }
    return [
      ...rule.includes.filter((glob) => !files.some((file) => path.matchesGlob(file, glob))),
      ...patterns
        .flatMap(({ group }) => group)
        .filter((glob) => !names.some((name) => path.matchesGlob(name, glob)))
        .map((glob) => `${rule.includes[0]} ← ${glob}`),
    ].filter((glob) => !/(^|← )!/.test(glob))
  })
  expect(rules.length).toBeGreaterThan(15)
  expect(untried).toEqual([])
})

test('the imports that a room lives by are let through', async () => {
  expect((await judge(allowed)).found).toEqual([])
})

test('a circle of imports is refused', async () => {
  const circle = {
    'lib/a.ts': `import { b } from './b'\nexport const a = () => b\n`,
    'lib/b.ts': `import { a } from './a'\nexport const b = () => a\n`,
  }
  const found = await refused(circle, 'suspicious/noImportCycles')
  expect(found.map(({ file }) => file).sort()).toEqual(['lib/a.ts', 'lib/b.ts'])
})

test('a sentence in the markup of a page or a component is refused, punctuation is not', async () => {
  const files = {
    'app/x.tsx': 'export const x = <p>Your keys</p>\n',
    'components/ui/x.tsx': 'export const x = <p>Your keys</p>\n',
    'app/y.tsx': 'export const y = <p className="muted">·</p>\n',
  }
  const found = await refused(files, 'style/noJsxLiterals')
  expect(found.map(({ file }) => file).sort()).toEqual(['app/x.tsx', 'components/ui/x.tsx'])
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
