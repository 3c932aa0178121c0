import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { closePool } from '@/db/client'
import { applyCatalog } from '@/lib/catalog/apply'
import type { CatalogChange, Value } from '@/lib/catalog/changes'
import { CatalogFileError, readCatalogFile, snakeCase } from '@/lib/catalog/file'
import { DomainError, InvalidInput } from '@/lib/errors'

/*
 * npm run catalog:apply -- FILE [--yes]: makes the catalog say what stands in a file (docs/catalog.md). Without --yes it
 * says what it would change, and changes nothing.
 */
const print = (line: string) => process.stdout.write(`${line}\n`)
const usage = 'npm run catalog:apply -- FILE [--yes]'

try {
  const { values, positionals } = parseArgs({
    options: { yes: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [file, ...more] = positionals
  if (!file || more.length > 0) throw new CatalogFileError([`Name one file: ${usage}`])
  await apply(file, values.yes)
} catch (error) {
  for (const problem of problemsOf(error)) process.stderr.write(`${problem}\n`)
  process.exitCode = 1
} finally {
  await closePool()
}
process.exit()

async function apply(path: string, yes: boolean) {
  const { catalog, explain } = readCatalogFile(textOf(path))
  const given = catalog as Parameters<typeof applyCatalog>[1] // the command's schema checks it
  const stated = await applyCatalog({ actor: { kind: 'system' } }, { ...given, dryRun: true }).catch(
    (error: unknown) => {
      throw error instanceof InvalidInput ? new CatalogFileError(explain(error.fields)) : error
    },
  )
  for (const change of stated.changes) print(sentence(change))
  if (stated.others.length > 0) print(`Not in the file, and left as they are: ${stated.others.join(', ')}.`)
  if (stated.rewritten.length > 0)
    throw new CatalogFileError([
      'Nothing was changed: keys of these products were sold, and what was sold is never rewritten:',
      ...stated.rewritten.map((change) => `  ${sentence(change)}`),
      'Keep it as it was; sell what is different as a product with a reference of its own.',
    ])
  if (stated.changes.length === 0) return print('The catalog says this already.')
  if (!yes)
    return print(`Nothing was changed yet. To change this: ${usage.replace('FILE [--yes]', `${path} --yes`)}`)
  const { changes } = await applyCatalog({ actor: { kind: 'system' } }, given)
  print(`Done: ${changes.length} changes.`)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new CatalogFileError([
      `Nothing was changed: ${path} is no file that can be read. Name one: ${usage}`,
    ])
  }
}

function sentence(change: CatalogChange): string {
  const release = 'version' in change ? ` ${change.version}` : ''
  const name = `${change.product}${release}`
  if (!('field' in change)) return `+ ${name}`
  return `~ ${name}: ${snakeCase(change.field)} ${say(change.from)} → ${say(change.to)}`
}

function say(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function problemsOf(error: unknown): string[] {
  if (error instanceof CatalogFileError) return error.problems
  if (error instanceof DomainError) return [`Nothing was changed: ${error.message}`]
  return [`Nothing was changed: ${error instanceof Error ? error.message : String(error)}`]
}
