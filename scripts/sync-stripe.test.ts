import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeAll, expect, test } from 'vitest'
import { Fault } from '@/sandbox/stripe/faults'
import { makeCatalog, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
beforeAll(makeCatalog)

/** @param killAt is killed once it has printed so many lines */
async function sync(options: string[] = [], killAt = Number.POSITIVE_INFINITY) {
  const command = ['--import', './scripts/typescript.mjs', 'scripts/sync-stripe.ts', ...options]
  const run = spawn(process.execPath, command, { env: process.env })
  let said = ''
  const hear = (chunk: Buffer) => {
    said += chunk
    if (said.split('\n').length > killAt) run.kill('SIGKILL')
  }
  run.stdout.on('data', hear)
  run.stderr.on('data', hear)
  const [status] = await once(run, 'close')
  return { status, said }
}
const atStripe = async () => (await payments.stripe.prices.list({ limit: 100 })).data

test('stripe:sync says what it would change, goes on where it was killed, and then has nothing to do', async () => {
  const first = await sync()
  expect(first).toMatchObject({ status: 0 })
  expect(first.said).toContain('Stripe, test mode:\n+ branding\n+ branding: €120.00 a year, plus VAT\n')
  expect(first.said).toContain('Nothing was changed yet.')
  expect(await atStripe()).toEqual([])
  // So that it is killed while a call is under way as well.
  payments.faults.add(Fault.parse({ on: 'api', do: 'slow', method: 'POST', milliseconds: 60 }))
  let killed = 0
  for (const lines of [2, 3, 4]) {
    const { status } = await sync(['--yes'], lines)
    if (status === null) killed++
  }
  payments.faults.clear()
  expect(killed).toBe(3)
  const last = await sync(['--yes'])
  expect(last.said).toContain('Done: ')
  const rows = await rowsOf<{ at: string }>(database, 'select stripe_price_id as at from prices')
  expect((await atStripe()).map(({ id }) => id).sort()).toEqual(rows.map(({ at }) => at).sort())
  expect(await sync(['--yes'])).toEqual({
    status: 0,
    said: 'Stripe, test mode:\nStripe says this already.\n',
  })
})

test('where Stripe does not serve us, it says so and ends with 1', async () => {
  payments.faults.add(Fault.parse({ on: 'api', do: 'fail', status: 503 }))
  const { status, said } = await sync()
  payments.faults.clear()
  expect(status).toBe(1)
  expect(said).toContain('run it again, it goes on from there.')
})
