import { randomUUID } from 'node:crypto'
import * as schema from '@/db/schema/invoices'
import { again, filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const set = (table: string, changes: string) => () => `update ${table} set ${changes}`

const wrong: Wrong[] = [
  ['an invoice that is none of Stripe’s', 'invoices_id', set('invoices', `id = 'x'`)],
  ['an invoice in capitals', 'invoices_currency', set('invoices', 'currency = upper(currency)')],
  ['less than nothing refunded', 'invoices_money', set('invoices', 'refunded = -1')],
  ['less than nothing credited', 'invoices_money', set('invoices', 'credited = -1')],
  ['less than nothing paid', 'invoices_money', set('invoices', 'amount_paid = -1')],
  [
    'an invoice at an address to be run',
    'invoices_addresses',
    set('invoices', `hosted_url = 'javascript:x'`),
  ],
  ['a PDF at an address to be run', 'invoices_addresses', set('invoices', `pdf_url = 'javascript:x'`)],
  ['a refund of less than nothing', 'invoice_entries_amount', set('invoice_entries', 'amount = -1')],
  [
    'a credit note at an address to be run',
    'invoice_entries_address',
    set('invoice_entries', `pdf_url = 'javascript:x'`),
  ],
  [
    'a question that is answered before it is asked',
    'payment_questions_span',
    set('payment_questions', `closed_at = asked_at - interval '1 second'`),
  ],
  [
    'a question that somebody has answered at no time',
    'payment_questions_closed',
    set('payment_questions', 'closed_by_id = (select id from people limit 1)'),
  ],
  [
    'a question twice',
    'payment_questions_once',
    () => again('payment_questions', `closed_at is null`, { id: randomUUID() }),
  ],
]

refuses(database, schema, wrong)
