import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { eventSubjects } from '@/lib/payments/rules'

const root = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(root, file), 'utf8')
const doc = text('docs/stripe.md')

test('the events that the endpoint is to get are those that have an effect, each once', () => {
  const [, listed = ''] = /<!-- events: [^>]*-->\n\n```\n([^`]*)```/.exec(doc) ?? []
  expect(listed.trim().split('\n').toSorted()).toEqual(Object.keys(eventSubjects).toSorted())
})

/** Each thing of the API by the name of its permission in the Dashboard. */
const permissions: Record<string, string> = {
  'checkout.sessions': 'Checkout Sessions',
  'billingPortal.sessions': 'Customer portal',
  customers: 'Customers',
  products: 'Products',
  prices: 'Prices',
  subscriptions: 'Subscriptions',
  invoices: 'Invoices',
  invoicePayments: 'Invoices',
  paymentIntents: 'Payment Intents',
  setupIntents: 'Setup Intents',
  charges: 'Charges and Refunds',
  refunds: 'Charges and Refunds',
  disputes: 'Disputes',
  creditNotes: 'Credit notes',
  events: 'Events',
}

test('the permissions of a restricted key are those that the code uses: to write includes to read', () => {
  const asked = ['lib', 'scripts', 'app'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?<!\.test)\.tsx?$/.test(file))
      .flatMap((file) => [
        ...text(`${folder}/${file}`).matchAll(
          /\bstripe\s*\.((?:checkout\.|billingPortal\.)?\w+)\s*\.(\w+)\(/g,
        ),
      ]),
  )
  expect(asked.length).toBeGreaterThan(30)
  const named = (reads: boolean) =>
    asked
      .filter(([, , verb = '']) => /^(retrieve|list)/.test(verb) === reads)
      .map(([, thing = '']) => permissions[thing] ?? `unknown: ${thing}`)
  const write = new Set(named(false))
  // What is expanded in another's answer is read as well.
  const read = new Set([...named(true), 'Payment Intents'].filter((name) => !write.has(name)))
  const listed = (may: string) =>
    new RegExp(`^- ${may}: (.*)[.;]$`, 'm').exec(doc)?.[1]?.split(', ').toSorted()
  expect(listed('write')).toEqual([...write].toSorted())
  expect(listed('read')).toEqual([...read].toSorted())
})

test('each log line of docs/stripe.md is said, and each that payments say stands there', () => {
  const files = ['compare', 'reconcile', 'stripe', 'work-events'].map((name) =>
    text(`lib/payments/${name}.ts`),
  )
  const said = files.flatMap((source) =>
    [...source.matchAll(/\blog\.\w+\(\s*\{[^}]*\},\s*'([^']+)'/g)].map(([, line]) => line),
  )
  const rows = doc.split('\n## What the log says\n')[1]?.match(/^\| `[^`]+`/gm) ?? []
  const listed = rows.map((row) => row.slice(3, -1)).filter((line) => !line.endsWith(' …'))
  expect(listed.toSorted()).toEqual([...new Set(said)].toSorted())
})

test('every command and page of payments is linked from where an operator begins', () => {
  for (const file of ['README.md', 'docs/operate.md']) expect(text(file), file).toContain('stripe.md')
  const scripts = Object.keys(JSON.parse(text('package.json')).scripts)
  const named = [...doc.matchAll(/npm run (stripe:\w+)/g)].map(([, name]) => name)
  expect(new Set(named)).toEqual(new Set(scripts.filter((name) => name.startsWith('stripe:'))))
})
