import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { closePool } from '@/db/client'
import type { KeySet } from '@/lib/activations/key-set'
import { publishKeySet } from '@/lib/activations/publish'
import { longestReason, rotateLeases } from '@/lib/activations/rotate'
import { env, keepOnly } from '@/lib/env'
import { Refused, Unavailable } from '@/lib/errors'
import { type Translate, translator } from '@/lib/messages/translator'

/*
 * npm run leases:rotate: makes the next key that leases are signed with, and writes what the root is asked to sign.
 *   [-- --request FILE]   where to; lease-keys-VERSION.json otherwise
 *   -- --ring             makes no key: seals those that there are under the newest version of LEASE_KEY_RING
 *   -- --drop KID --reason TEXT   the same without a key that somebody else may have
 *   -- --publish FILE     publishes what the root has signed
 */
const usage =
  'Usage: npm run leases:rotate [-- [--drop KID --reason TEXT] [--request FILE] | --ring | --publish FILE]'
const by = { actor: { kind: 'system' } } as const
const print = (line: string) => process.stdout.write(`${line}\n`)

try {
  const { ring, publish, request, drop, reason } = optionsOf()
  keepOnly('DATABASE_URL', 'DATABASE_POOL_SIZE', 'PUBLIC_URL', 'LEASE_KEY_RING', 'LEASE_ROOT_PUBLIC_KEY')
  if (publish) await publishFile(publish)
  else await rotate({ ringOnly: ring, drop, reason }, request)
} catch (error) {
  print(explain(error))
  process.exitCode = 1
} finally {
  await closePool()
}
process.exit()

function optionsOf() {
  try {
    const { values } = parseArgs({
      options: {
        ring: { type: 'boolean', default: false },
        publish: { type: 'string' },
        request: { type: 'string' },
        drop: { type: 'string' },
        reason: { type: 'string' },
      },
    })
    const { ring, publish, request, drop, reason } = values
    if ([ring, publish, request ?? drop].filter(Boolean).length > 1) throw new Error('Name one.')
    const said = reason?.trim() ?? ''
    if (Boolean(drop) !== Boolean(said)) throw new Error('Name the key and the reason.')
    if (said.length > longestReason) throw new Error(`A reason has ${longestReason} characters at the most.`)
    return values
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${usage}`)
  }
}

async function rotate(options: Parameters<typeof rotateLeases>[1], named: string | undefined) {
  const { request, resealed } = await rotateLeases(by, options)
  const { ringOnly, drop } = options
  const newest = Math.max(...(env().LEASE_KEY_RING?.keys() ?? []))
  if (ringOnly || resealed > 0)
    print(`All signing keys are under version ${newest} of LEASE_KEY_RING (${resealed} were changed).`)
  if (drop) print(costOf(drop))
  if (request) ask(request, named ?? `lease-keys-${request.version}.json`)
}

function costOf(kid: string): string {
  return [
    `${kid} is left out from now on. Until the set below is published it goes on signing, and is believed: do that today.`,
    'Then nothing that it has signed is believed by a GLPI that has the newer set. Leases are replaced at the next call. A GLPI',
    'that is refused there meanwhile, since another one has its key, gets none, and may lose the days that its lease still had.',
    'Offline files must be fetched anew: publishing lists whose, and once more whenever the same set is published again. A GLPI',
    'that is offline never hears of the newer set, and believes the key, and whoever has it, until a new file brings the set.',
  ].join('\n')
}

function ask(request: KeySet, file: string) {
  writeFileSync(file, `${JSON.stringify(request, null, 2)}\n`)
  print(`What the root is to sign is in ${file}: version ${request.version}, ${request.keys.length} keys.`)
  print('Where the root is kept:')
  print(`  npm run --silent leases:root -- sign ${file} --key ROOT > ${file}.signed`)
  print(`Then here: npm run leases:rotate -- --publish ${file}.signed`)
}

async function publishFile(file: string) {
  const { version, signsFrom, toFetchAnew } = await publishKeySet(by, { signed: signedIn(file) })
  print(
    signsFrom
      ? `Version ${version} is published. Its new key signs from ${signsFrom.toISOString()} on.`
      : `Version ${version} is published already.`,
  )
  if (toFetchAnew.length > 0) print('A dropped key has signed offline files. Have them fetched anew:')
  for (const { organization, slug, installations } of toFetchAnew)
    print(`  ${organization} (/${slug}): ${installations} installations`)
}

/** Also where npm has written its own lines before it. */
function signedIn(file: string): string {
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new Error(`Nothing was published: ${file} is no file that can be read.`)
  }
  return /[\w-]+\.[\w-]+\.[\w-]{86}/.exec(text)?.[0] ?? ''
}

function explain(error: unknown): string {
  if (error instanceof Unavailable) return 'The database cannot be reached; DATABASE_URL says where it is.'
  // its codes have their sentences there
  if (error instanceof Refused) return translator('en')(`errors.${error.code}` as Parameters<Translate>[0])
  return error instanceof Error ? error.message : String(error)
}
