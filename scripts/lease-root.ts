import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { KeySet, publicBytes, signKeySet } from '@/lib/activations/key-set'

/*
 * The root that signs which keys leases are signed with. Run on a machine that no network reaches; it needs no environment
 * and no database.
 *   npm run leases:root -- new FILE                      makes it, into a file that nobody else can read
 *   npm run --silent leases:root -- sign REQUEST --key FILE   signs what `npm run leases:rotate` asks for
 */
const usage = 'Usage: npm run leases:root -- new FILE, or: -- sign REQUEST --key FILE'
const print = (line: string) => process.stdout.write(`${line}\n`)
// Beside what is signed, which goes to a file.
const say = (line: string) => process.stderr.write(`${line}\n`)

try {
  const { positionals, values } = parseArgs({ options: { key: { type: 'string' } }, allowPositionals: true })
  const [what, file, ...more] = positionals
  if (!file || more.length > 0) throw new Error(usage)
  if (what === 'new' && !values.key) makeRoot(file)
  else if (what === 'sign' && values.key) await sign(file, values.key)
  else throw new Error(usage)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

function makeRoot(file: string) {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
  try {
    // A root that stands there is never written over: nothing else could sign for the plugins that trust it.
    writeFileSync(file, pem, { mode: 0o600, flag: 'wx' })
  } catch {
    throw new Error(`Nothing was made: ${file} is there already, or its folder is not.`)
  }
  print(`The root's private half is in ${file}. Keep it off every network, and a copy of it elsewhere.`)
  print('Its public half, for the portal and for the plugins:')
  print(`LEASE_ROOT_PUBLIC_KEY=${publicBytes(privateKey).toString('base64')}`)
}

async function sign(request: string, keyFile: string) {
  const set = requestIn(request)
  const root = rootIn(keyFile)
  say(`Signed version ${set.version} for ${set.iss}, with ${set.keys.map(({ kid }) => kid).join(', ')}.`)
  print(await signKeySet(set, root))
}

function requestIn(file: string): KeySet {
  const request = `${file} is no request of npm run leases:rotate`
  try {
    return KeySet.parse(JSON.parse(textOf(file)))
  } catch {
    throw new Error(`Nothing was signed: ${request}.`)
  }
}

function rootIn(file: string): KeyObject {
  try {
    const key = createPrivateKey(textOf(file))
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // said below
  }
  throw new Error(`Nothing was signed: ${file} is no root of npm run leases:root -- new.`)
}

function textOf(file: string): string {
  return readFileSync(file, 'utf8')
}
