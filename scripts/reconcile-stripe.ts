import { closePool } from '@/db/client'
import { Unavailable } from '@/lib/errors'
import { reconcileAutomatic } from '@/lib/payments/automatic/reconcile'
import { comparePayments } from '@/lib/payments/compare'
import { reconcile } from '@/lib/payments/reconcile'
import { sells } from '@/lib/payments/stripe'

/*
 * npm run stripe:reconcile: asks Stripe for what the portal has missed, as the worker does each night, and says where the two
 * still differ (docs/stripe.md). Run again, it finds nothing more.
 */
const print = (line: string) => process.stdout.write(`${line}\n`)

try {
  if (!sells())
    throw new Error('STRIPE_SECRET_KEY is missing: the portal sells nothing. .env.example explains it.')
  const { missed, settled } = await reconcile()
  print(`Events that had not come, and are now in the queue: ${missed}.`)
  print(`Checkouts that stood otherwise than was known, and are settled: ${settled}.`)
  await reconcileAutomatic()
  print('What renews by itself was looked at: its next charge lies where what is paid ends.')
  const differences = await comparePayments()
  for (const { kind, subject } of differences) print(`! ${kind} ${subject}`)
  print(`Differences between Stripe and the portal, listed at /staff: ${differences.length}.`)
} catch (error) {
  process.stderr.write(`${problemOf(error)}\n`)
  process.exitCode = 1
} finally {
  await closePool()
}
process.exit()

function problemOf(error: unknown): string {
  if (error instanceof Unavailable)
    return 'Stripe or the database does not serve us now. Run it again, it begins where it had begun.'
  return error instanceof Error ? error.message : String(error)
}
