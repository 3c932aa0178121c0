import type { InvoiceCursor } from '@/lib/payments/list-invoices'

/** Where the page of older invoices begins, for an address. */
export const cursorText = ({ createdAt, id }: InvoiceCursor) => `${createdAt.getTime() / 1_000}.${id}`

/** @returns undefined for what is none */
export function parseCursor(text: unknown): InvoiceCursor | undefined {
  const [, seconds, id] = (typeof text === 'string' && /^(\d{1,10})\.(in_\w{1,60})$/.exec(text)) || []
  return seconds && id ? { createdAt: new Date(Number(seconds) * 1_000), id } : undefined
}
