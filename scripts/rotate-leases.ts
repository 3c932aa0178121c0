import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { closePool } from '@/db/client'
import type { KeySet } from '@/lib/activations/key-set'
import { publishKeySet } from '@/lib/activations/publish'
import { rotateLeases } from '@/lib/activations/rotate'
import { env, keepOnly } from '@/lib/env'
import { Refused, Unavailable } from '@/lib/errors'
import { type Translate, translator } from '@/lib/messages/translator'

/*
 * npm run leases:rotate: makes the next key that leases are signed with, and writes what the root is asked to sign.
 *   [-- --request FILE]   where to; lease-keys-VERSION.json otherwise
 *   -- --ring             makes no key: seals those that there are under the newest version of LEASE_KEY_RING
 *   -- --publish FILE     publishes what the root has signed
 */
const usage = 'Usage: npm run leases:rotate [-- --request FILE | --ring | --publish FILE]'
const by = { actor: { kind: 'system' } } as const
const print = (line: string) => process.stdout.write(`${line}\n`)

try {
  const { ring, publish, request } = optionsOf()
  keepOnly('DATABASE_URL', 'DATABASE_POOL_SIZE', 'PUBLIC_URL', 'LEASE_KEY_RING', 'LEASE_ROOT_PUBLIC_KEY')
  if (publish) await publishFile(publish)
  else await rotate(ring, request)
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
      },
    })
    if ([values.ring, values.publish, values.request].filter(Boolean).length > 1) throw new Error('Name one.')
    return values
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${usage}`)
  }
}

async function rotate(ringOnly: boolean, named: string | undefined) {
  const { request, resealed } = await rotateLeases(by, { ringOnly })
  const newest = Math.max(...(env().LEASE_KEY_RING?.keys() ?? []))
  if (ringOnly || resealed > 0)
    print(`All signing keys are under version ${newest} of LEASE_KEY_RING (${resealed} were changed).`)
  if (request) ask(request, named ?? `lease-keys-${request.version}.json`)
}

function ask(request: KeySet, file: string) {
  writeFileSync(file, `${JSON.stringify(request, null, 2)}\n`)
  print(`What the root is to sign is in ${file}: version ${request.version}, ${request.keys.length} keys.`)
  print('Where the root is kept:')
  print(`  npm run --silent leases:root -- sign ${file} --key ROOT > ${file}.signed`)
  print(`Then here: npm run leases:rotate -- --publish ${file}.signed`)
}

async function publishFile(file: string) {
  const { version, signsFrom } = await publishKeySet(by, { signed: signedIn(file) })
  if (!signsFrom) return print(`Version ${version} is published already.`)
  print(`Version ${version} is published. Its new key signs from ${signsFrom.toISOString()} on.`)
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
