import { parseArgs } from 'node:util'
import { closePool } from '@/db/client'
import { env } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { money } from '@/lib/messages/money'
import { changedFields, type OurPrice, type Step } from '@/lib/payments/stripe-catalog'
import { catalogSteps, doStep } from '@/lib/payments/sync-catalog'

/*
 * npm run stripe:sync [-- --yes]: makes Stripe's products and prices say what the catalog says (docs/stripe.md). Without
 * --yes it says what it would change, and changes nothing. Killed, it is run again and goes on.
 */
const print = (line: string) => process.stdout.write(`${line}\n`)

try {
  const { values } = parseArgs({ options: { yes: { type: 'boolean', default: false } } })
  await sync(values.yes)
} catch (error) {
  process.stderr.write(`${problemOf(error)}\n`)
  process.exitCode = 1
} finally {
  await closePool()
}
process.exit()

async function sync(yes: boolean) {
  const steps = await catalogSteps()
  print(`Stripe, ${env().STRIPE_SECRET_KEY?.includes('_live_') ? 'live mode' : 'test mode'}:`)
  if (!yes) for (const step of steps) print(sentence(step))
  if (steps.length === 0) return print('Stripe says this already.')
  if (!yes) return print('Nothing was changed yet. To change this: npm run stripe:sync -- --yes')
  for (const step of steps) {
    await doStep(step)
    print(sentence(step))
  }
  const left = await catalogSteps()
  if (left.length === 0) return print(`Done: ${steps.length} changes.`)
  // Stripe answers an idempotency key that it knows as it did before, for a day, whatever was changed by hand meanwhile.
  throw new Error(
    `Stripe still says otherwise; run it again in a day, or set it right in the Dashboard:\n${left.map(sentence).join('\n')}`,
  )
}

function sentence(step: Step): string {
  const { reference } = step
  if (step.do === 'add_product') return `+ ${reference}`
  if (step.do === 'change_product') {
    const { from, fields } = step
    const said = changedFields(from, fields).map(
      (name) => `${name} ${JSON.stringify(from[name])} → ${JSON.stringify(fields[name])}`,
    )
    return `~ ${reference}: ${said.join(', ')}`
  }
  const price = `${reference}: ${named(step.price)}`
  if (step.do === 'add_price')
    return `+ ${price}${step.insteadOf ? `, by its name instead of ${step.insteadOf}` : ''}`
  if (step.do === 'set_active') return step.active ? `~ ${price}, offered again` : `- ${price}, withdrawn`
  return `= ${price} is ${step.stripePriceId}`
}

function named({ amount, currency, months, taxBehavior }: OurPrice): string {
  const term = months === 12 ? 'a year' : `for ${months} months`
  return `${money(amount, currency, 'en')} ${term}, ${taxBehavior === 'inclusive' ? 'with' : 'plus'} VAT`
}

function problemOf(error: unknown): string {
  if (error instanceof Unavailable)
    return env().STRIPE_SECRET_KEY
      ? 'Stripe or the database does not serve us now. What was done is done; run it again, it goes on from there.'
      : 'STRIPE_SECRET_KEY is missing: the portal sells nothing. .env.example explains it.'
  return error instanceof Error ? error.message : String(error)
}
