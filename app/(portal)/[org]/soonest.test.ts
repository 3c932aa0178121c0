import { expect, test } from 'vitest'
import type { AttentionLine } from '@/lib/keys/attention'
import { soonestFirst } from './soonest'

function line(what: AttentionLine['what'], product: string, ...ends: (string | null)[]): AttentionLine {
  const [first, ...others] = ends.map((end) => ({
    id: product,
    shortId: product,
    product,
    kind: 'subscription' as const,
    productId: 'product',
    instanceId: null,
    instance: null,
    termEndsAt: null,
    stopsAt: end ? new Date(end) : null,
    reason: null,
  }))
  if (!first) throw new Error('a line has a key')
  return { what, keys: [first, ...others] }
}

test('a new key that is needed now comes first; then what stops working soonest, whatever was due first; then new keys that wait, then what has stopped', () => {
  const lines = [
    line('revoked', 'stopped before', '2026-10-11'),
    line('lapsed', 'stopped', '2026-11-11'),
    line('overdue', 'extended', '2026-12-14'),
    line('overdue', 'overdue', '2026-11-29'),
    line('trial_ends', 'trial', '2026-11-30'),
    line('due', 'due', '2026-12-17', '2026-12-16'),
    line('not_yet_in_glpi', 'waits', '2026-11-22'),
    line('due', 'never', null),
    line('waits_urgently', 'waits while the old key ends', '2026-12-18'),
    line('not_yet_in_glpi', 'waits for good', null),
  ]
  expect(soonestFirst(lines).map(({ keys }) => keys[0].product)).toEqual([
    'waits while the old key ends',
    'overdue',
    'trial',
    'extended',
    'due',
    'never',
    'waits',
    'waits for good',
    'stopped',
    'stopped before',
  ])
})
