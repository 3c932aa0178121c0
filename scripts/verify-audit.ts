import { parseArgs } from 'node:util'
import { closePool } from '@/db/client'
import { publicPart } from '@/lib/audit/signed-heads'
import { type ChainFault, readSignedHeads, verifyTrail } from '@/lib/audit/verify-trail'
import { now } from '@/lib/clock'
import { env, keepOnly } from '@/lib/env'

/*
 * npm run audit:verify [-- --heads FILE …]: reads every audit trail, recomputes its hashes, and compares it with the heads
 * that the worker signed every hour. Ends with 1 where anything is not as it was written. The portal goes on meanwhile.
 * Needs the database and AUDIT_PUBLIC_KEY: an auditor has no secret of the product. With --public-key it only prints that.
 */
const print = (line: string) => process.stdout.write(`${line}\n`)
/** The worker signs hourly; one hour may be missed while it is started anew. */
const mostHours = 3
/** Of a new install: the worker signs for the first time within the hour that it is started in. */
const mostHoursUnsigned = 2

const hoursSince = (at: Date) => (now().getTime() - at.getTime()) / 3_600_000

const said: Record<ChainFault['because'], (fault: ChainFault) => string> = {
  changed: ({ sequence }) => `entry ${sequence} was changed, or moved from another place`,
  missing: ({ sequence }) => `entry ${sequence} was removed`,
  end: ({ sequence }) => `its stored end is not entry ${sequence}, which is its last one`,
  cut_off: ({ sequence }) =>
    `entry ${sequence} and what followed it were cut off, or an older backup was restored`,
  rewritten: ({ sequence, until }) =>
    `it was written anew: the first bad entry is one of ${sequence} to ${until}, which are not those that were signed`,
}
const lineSaid = {
  unsigned:
    'is not signed by the key at hand (what a worker left half-written when it was killed can be deleted)',
  unlinked: 'does not follow the signed line before it: lines between them are missing or moved',
}

/** @returns how many faults there are */
async function verify(named: string[] | undefined): Promise<number> {
  keepOnly('DATABASE_URL', 'DATABASE_POOL_SIZE', 'AUDIT_PUBLIC_KEY', 'AUDIT_SIGNING_KEY', 'AUDIT_HEADS_FILE')
  const { AUDIT_HEADS_FILE } = env()
  const files = named ?? (AUDIT_HEADS_FILE ? [AUDIT_HEADS_FILE] : [])
  if (files.length === 0) throw new Error('Name the file of signed heads: --heads FILE, or AUDIT_HEADS_FILE')
  const { heads, lines, newest, faults, absent } = await readSignedHeads(files)
  // The worker makes the file that the settings name; one that is named here was there before.
  if (named && absent.length > 0) throw new Error(`There is no file ${absent.join(', nor ')}`)
  let count = faults.length
  for (const { file, line, because } of faults) print(`Line ${line} of ${file} ${lineSaid[because]}.`)
  const { chains, entries, oldest } = await verifyTrail(heads, (fault) => {
    count += 1
    const whose = fault.organizationId ? `organization ${fault.organizationId}` : 'the vendor'
    print(`The audit trail of ${whose}: ${said[fault.because](fault)}.`)
  })
  const isYoung = oldest ? hoursSince(oldest) < mostHoursUnsigned : chains === 0
  if (!newest && faults.length === 0 && isYoung) {
    print('Nothing is signed yet: the worker signs for the first time within the hour.')
  } else if (absent.length > 0) {
    count += 1
    print(
      `The file of signed heads (${absent}) is not there: no worker runs with it, or somebody took it away.`,
    )
  } else if (!newest || hoursSince(newest) > mostHours) {
    count += 1
    const since = newest ? `Nothing was signed since ${newest.toISOString()}` : 'Nothing was ever signed'
    print(`${since}: no worker runs, or later lines were cut off.`)
  }
  const read = `${chains} trails with ${entries} entries and ${lines} signed lines were read`
  const found = count === 1 ? '1 fault was found' : `${count} faults were found`
  print(`${count === 0 ? 'All is as it was written' : found}: ${read}.`)
  return count
}

/** The part of the key that may be given to anybody. */
function printPublicKey() {
  keepOnly('AUDIT_SIGNING_KEY')
  print(`AUDIT_PUBLIC_KEY=${publicPart()}`)
}

try {
  const { values } = parseArgs({
    options: { heads: { type: 'string', multiple: true }, 'public-key': { type: 'boolean' } },
  })
  if (values['public-key']) printPublicKey()
  else process.exitCode = (await verify(values.heads)) === 0 ? 0 : 1
} catch (error) {
  print(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
} finally {
  await closePool()
}
process.exit()
