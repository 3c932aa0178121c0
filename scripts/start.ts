import { describeExit, firstToEnd, requestToStop, stopAll } from '@/scripts/processes'
import { keyServiceLacks, type Part, parts, startProduct } from '@/scripts/product'

const print = (line: string) => process.stdout.write(`${line}\n`)

function wantedParts(): readonly Part[] {
  const names = process.argv.slice(2)
  const unknown = names.find((name) => !parts.some((part) => part === name))
  if (unknown) {
    print(`Unknown part: ${unknown}. Known: ${parts.join(', ')}.`)
    process.exit(1)
  }
  return names.length === 0 ? parts : parts.filter((part) => names.includes(part))
}

function wantedPort(name: 'PORT' | 'KEY_SERVICE_PORT', usual: number): number {
  const port = Number(process.env[name] ?? usual)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  print(`${name} must be a number between 1 and 65535, not "${process.env[name]}".`)
  process.exit(1)
}

/**
 * The key service checks its own variables, and would end for want of one, and take along what runs: nobody who reads the
 * lines of three processes finds the reason there.
 */
function refuseIncomplete(wanted: readonly Part[]) {
  const missing = wanted.includes('key-service') ? keyServiceLacks(process.env) : []
  if (missing.length === 0) return
  const instead = wanted.length > 1 ? ' Or start the others alone: npm run web, npm run worker.' : ''
  print(`Nothing was started. The key service needs ${missing.join(', and ')}.${instead}`)
  process.exit(1)
}

refuseIncomplete(wantedParts())
const stop = requestToStop()
const running = startProduct({
  parts: wantedParts(),
  host: process.env.HOST ?? '0.0.0.0',
  port: wantedPort('PORT', 3000),
  keyServicePort: wantedPort('KEY_SERVICE_PORT', 3100),
  env: process.env,
  print,
})

// When one dies the others stop too: whatever supervises this process then starts them all anew, instead of a portal
// that takes orders and never sends a mail.
const ended = await Promise.race([stop, firstToEnd(running)])
if (typeof ended === 'string') {
  print(`Stopping (${ended}).`)
} else {
  print(`${ended.name} ended (${describeExit(ended.exit)}). Stopping the rest.`)
  process.exitCode = 1
}
await stopAll(running)
process.exit()
