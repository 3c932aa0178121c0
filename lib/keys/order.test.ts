import { expect, test } from 'vitest'
import { dueFirst } from '@/lib/keys/order'
import type { KeyState } from '@/lib/keys/rules'

const key = (
  product: string,
  state: KeyState,
  more: { waits?: boolean; ends?: number; issued?: number } = {},
) => ({
  productId: product,
  product,
  state,
  notYetInGlpi: more.waits ?? false,
  issuedAt: new Date(more.issued ?? 0),
  expiresAt: more.ends === undefined ? null : new Date(more.ends),
})
const said = (keys: ReturnType<typeof key>[]) =>
  dueFirst(keys).map(({ product, state }) => `${product} ${state}`)

test('what needs doing stands before what is fine, and that by name', () => {
  expect(
    said([
      key('Chatbot', 'active'),
      key('Forms', 'active', { waits: true }),
      key('Assets', 'active'),
      key('Signature', 'expiring', { ends: 9 }),
      key('Tickets', 'expiring', { ends: 4 }),
      key('Workflow', 'overdue', { ends: 2 }),
    ]),
  ).toEqual([
    'Workflow overdue',
    'Tickets expiring',
    'Signature expiring',
    'Forms active',
    'Assets active',
    'Chatbot active',
  ])
})

test('an old key stands beside its new one, whatever the new one waits for', () => {
  expect(
    said([
      key('Assets', 'active'),
      key('Forms', 'renewed', { issued: 1, ends: 1 }),
      key('Forms', 'active', { waits: true, issued: 2, ends: 9 }),
    ]),
  ).toEqual(['Forms active', 'Forms renewed', 'Assets active'])
})
