import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeExit, startProcess } from '@/scripts/processes'

const root = fileURLToPath(new URL('..', import.meta.url))
const stampFile = path.join(root, '.next/sources.sha256')

// What the build reads. Tests and the sandbox are left out, so that a changed test does not cost a build.
const sources = ['{app,components,lib,db,public}/**/*', '*.{ts,mjs,json}']
const notSources = [
  '**/*.test.{ts,tsx}',
  'db/migrations/**',
  'next-env.d.ts',
  'vitest.config.ts',
  'playwright.config.ts',
  'biome.json',
]

function hashOfSources(): string {
  const hash = createHash('sha256').update(process.version)
  const entries = globSync(sources, { cwd: root, exclude: notSources, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  for (const file of files.sort()) {
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

/** Builds the product and notes which sources it was built from. */
export async function build(print: (line: string) => void): Promise<void> {
  const stamp = hashOfSources()
  const next = startProcess({
    name: 'build',
    command: [process.execPath, 'node_modules/next/dist/bin/next', 'build'],
    cwd: root,
    env: { NEXT_TELEMETRY_DISABLED: '1', ...process.env },
    output: print,
  })
  const exit = await next.exited
  if (exit.code !== 0) throw new Error(`The build failed (${describeExit(exit)}).`)
  writeFileSync(stampFile, stamp)
}

/** Builds unless the present build is of the present sources. Dates say nothing: a checkout changes them. */
export async function buildWhenStale(print: (line: string) => void): Promise<void> {
  const built = existsSync(path.join(root, '.next/BUILD_ID')) && existsSync(stampFile)
  if (built && readFileSync(stampFile, 'utf8') === hashOfSources()) return
  print('Building, since the sources have changed since the last build …')
  await build(print)
}

if (import.meta.main) await build((line) => process.stdout.write(`${line}\n`))
