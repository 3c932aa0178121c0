import { and, asc, desc, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { invoiceEntries, invoices } from '@/db/schema/invoices'
import type { OrganizationTx } from '@/db/scope'
import { type InvoiceState, invoiceState } from './rules'

export interface InvoiceRow {
  id: string
  number: string
  state: InvoiceState
  currency: string
  /** With tax, in the smallest unit. */
  total: number
  /** Of it, as Stripe computed it. */
  tax: number
  reverseCharge: boolean
  createdAt: Date
  dueAt: Date | null
  hostedUrl: string | null
  pdfUrl: string | null
  entries: InvoiceEntry[]
}

type InvoiceEntry = Pick<
  typeof invoiceEntries.$inferSelect,
  'id' | 'kind' | 'status' | 'amount' | 'number' | 'pdfUrl' | 'happenedAt'
>

/** Behind which invoice a page begins: Stripe counts in whole seconds. */
export interface InvoiceCursor {
  createdAt: Date
  id: string
}

/** One page of an organization's invoices, the newest first, each with its credit notes, refunds and disputes. */
export async function listInvoices(
  tx: OrganizationTx,
  organizationId: string,
  page: { state?: InvoiceState | undefined; after?: InvoiceCursor | undefined; size: number },
  now: Date,
): Promise<{ rows: InvoiceRow[]; next: InvoiceCursor | undefined }> {
  const { state, after, size } = page
  const found = await tx
    .select()
    .from(invoices)
    .where(
      and(
        eq(invoices.organizationId, organizationId),
        state && isIn(state, now),
        after &&
          sql`(${invoices.createdAt}, ${invoices.id}) < (${after.createdAt.toISOString()}::timestamptz, ${after.id})`,
      ),
    )
    .orderBy(desc(invoices.createdAt), desc(invoices.id))
    .limit(size + 1)
  const shown = found.slice(0, size)
  const entries = await entriesOf(
    tx,
    organizationId,
    shown.map(({ id }) => id),
  )
  const last = shown.at(-1)
  return {
    rows: shown.map((invoice) => {
      const its = entries.filter(({ invoiceId }) => invoiceId === invoice.id)
      const lost = its.filter(isLost).reduce((sum, { amount }) => sum + amount, 0)
      return { ...invoice, state: invoiceState({ ...invoice, lost }, now), entries: its }
    }),
    next: found.length > size && last ? { createdAt: last.createdAt, id: last.id } : undefined,
  }
}

const entriesOf = (tx: OrganizationTx, organizationId: string, invoiceIds: string[]) =>
  tx
    .select()
    .from(invoiceEntries)
    .where(
      and(eq(invoiceEntries.organizationId, organizationId), inArray(invoiceEntries.invoiceId, invoiceIds)),
    )
    .orderBy(asc(invoiceEntries.happenedAt), asc(invoiceEntries.id))

const isLost = ({ kind, status }: InvoiceEntry) => kind === 'dispute' && status === 'lost'

/** As `invoiceState`; a test holds the two to each other. */
function isIn(state: InvoiceState, now: Date): SQL {
  const { status, dueAt, refunded, amountPaid } = invoices
  const overdue = sql`coalesce(${dueAt} <= ${now.toISOString()}::timestamptz, false)`
  const lost = sql`exists (select from invoice_entries e where e.organization_id = ${invoices.organizationId}
    and e.invoice_id = ${invoices.id} and e.kind = 'dispute' and e.status = 'lost' and e.amount > 0)`
  const paid = sql`${status} = 'paid' and not ${lost}`
  const conditions: Record<InvoiceState, SQL> = {
    open: sql`${status} = 'open' and not ${overdue}`,
    overdue: sql`${status} = 'open' and ${overdue}`,
    paid: sql`${paid} and ${refunded} = 0`,
    refunded_in_part: sql`${paid} and ${refunded} > 0 and ${refunded} < ${amountPaid}`,
    refunded: sql`${paid} and ${refunded} > 0 and ${refunded} >= ${amountPaid}`,
    charged_back: sql`${status} = 'paid' and ${lost}`,
    void: sql`${status} = 'void'`,
    uncollectible: sql`${status} = 'uncollectible'`,
  }
  return conditions[state]
}
