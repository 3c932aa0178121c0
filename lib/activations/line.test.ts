import { expect, test } from 'vitest'
import { Refused, Unavailable } from '@/lib/errors'
import { line } from './line'

/** Ten callers in a line of two, each of whom is let go by what its turn answers. */
function tenInLine() {
  const asked: PromiseWithResolvers<string>[] = []
  const inLine = line(2)
  const ask = () => {
    const turn = Promise.withResolvers<string>()
    asked.push(turn)
    return turn.promise
  }
  return { asked, inLine, ask, said: Array.from({ length: 10 }, () => inLine(ask)) }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('who waits while the database is found away is told so, and does not wait for it once more', async () => {
  const { asked, inLine, ask, said } = tenInLine()
  await settled()
  expect(asked).toHaveLength(2)
  for (const turn of asked) turn.reject(new Unavailable('database'))
  const answers = await Promise.allSettled(said)
  expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
  for (const answer of answers) expect(answer).toMatchObject({ reason: expect.any(Unavailable) })
  expect(asked).toHaveLength(2)
  // Who comes later finds out anew.
  const next = inLine(ask)
  await settled()
  asked[2]?.resolve('back')
  expect(await next).toBe('back')
})

test('what fails by itself stops nobody who waits', async () => {
  const { asked, said } = tenInLine()
  const answers = Promise.allSettled(said)
  await settled()
  asked[0]?.reject(new Refused('revoked'))
  for (let next = 1; next < 10; next++) {
    await settled()
    asked[next]?.resolve('answered')
  }
  expect((await answers).map(({ status }) => status)).toEqual(['rejected', ...Array(9).fill('fulfilled')])
})
