import { describe, expect, test } from 'vitest'
import { newId, normalizeShortId, shortId, shortIdBeginning } from '@/lib/ids'

describe('newId', () => {
  test('makes a UUIDv7 that carries its time', () => {
    const now = new Date('2026-03-01T12:00:00.123Z')
    const id = newId(now)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(now.getTime())
  })

  test('sorts in the order of making, also within a millisecond', () => {
    const times = [1_000, 1_001, 2_000].map((time) => new Date(time))
    const ids = times.flatMap((time) => Array.from({ length: 30_000 }, () => newId(time)))
    expect(ids.toSorted()).toEqual(ids)
    expect(new Set(ids).size).toBe(90_000)
  })

  test('takes the time it is given, also when a clock went back', () => {
    const [later, earlier] = [newId(new Date(9_000)), newId(new Date(8_000))]
    expect(earlier < later).toBe(true)
  })

  test.each([Number.NaN, -1, 2 ** 48])('refuses the time %d', (time) => {
    expect(() => newId(new Date(time))).toThrow(RangeError)
  })
})

describe('shortId', () => {
  test('has six characters without I, L, O and U, all of them in use', () => {
    const ids = Array.from({ length: 2_000 }, () => shortId('K'))
    for (const id of ids) expect(id).toMatch(/^K-[0-9A-HJKMNP-TV-Z]{6}$/)
    expect(new Set(ids.flatMap((id) => [...id.slice(2)])).size).toBe(32)
    expect(shortId('I')).toMatch(/^I-/)
  })

  test('reads back as itself', () => {
    for (let i = 0; i < 1_000; i++) {
      const id = shortId(i % 2 ? 'K' : 'I')
      expect(normalizeShortId(id)).toBe(id)
      expect(normalizeShortId(id.toLowerCase().replace('-', ''))).toBe(id)
    }
  })
})

describe('shortIdBeginning', () => {
  test.each([
    ['K-7QF3XM', 'K-7QF3XM'],
    ['K-7', 'K-7'],
    [' k-7qf', 'K-7QF'],
    ['K – 7Q F', 'K-7QF'],
    ['Ｋ－７Ｑ', 'K-7Q'],
    ['K-7QF.', 'K-7QF'],
    ['K-7QF…', 'K-7QF'],
    ['K-oil', 'K-011'],
    ['i-GXH', 'I-GXH'],
    ['l-gxh', 'I-GXH'],
    ['1-gxh', 'I-GXH'],
    ['K-', null],
    ['K7QF', null],
    ['7QF', null],
    ['A-7QF', null],
    ['K-7U', null],
    ['K-7%', null],
    ['K-7QF3XM7', null],
    ['\u212a-7QF', null],
    ['', null],
    ['K-7'.repeat(1_000), null],
  ])('reads %j as %j', (text, beginning) => {
    expect(shortIdBeginning(text)).toBe(beginning)
  })
})

describe('normalizeShortId', () => {
  test.each([
    ['K-7QF3XM', 'K-7QF3XM'],
    ['k-7qf3xm', 'K-7QF3XM'],
    [' K7QF3XM\n', 'K-7QF3XM'],
    ['K – 7QF 3XM', 'K-7QF3XM'],
    ['Ｋ－７ＱＦ３ＸＭ', 'K-7QF3XM'],
    ['K-7QF3XM.', 'K-7QF3XM'],
    ['K-OIL0oil', null],
    ['K-OILoil', 'K-011011'],
    ['l-7QF3XM', 'I-7QF3XM'],
    ['1-7QF3XM', 'I-7QF3XM'],
    ['K-7QF3XU', null],
    ['K-7QF3X', null],
    ['7QF3XM', null],
    ['A-7QF3XM', null],
    ['\u212a-7QF3XM', null],
    ['K_7QF3XM', null],
    ['', null],
    ['K-7QF3XM'.repeat(1_000), null],
  ])('reads %j as %j', (text, id) => {
    expect(normalizeShortId(text)).toBe(id)
  })
})
