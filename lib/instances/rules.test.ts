import fc from 'fast-check'
import { expect, test } from 'vitest'
import { freeOrdinal, furtherAddresses } from '@/lib/instances/rules'

test('a further address takes the first free place of five, and never that of the main one', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: furtherAddresses })), (taken) => {
      const verdict = freeOrdinal(taken)
      const full = [1, 2, 3, 4, 5].every((ordinal) => taken.includes(ordinal))

      const free = [1, 2, 3, 4, 5].find((ordinal) => !taken.includes(ordinal))
      expect(verdict).toEqual(full ? { ok: false, because: 'addresses_full' } : { ok: true, ordinal: free })
    }),
  )
})
