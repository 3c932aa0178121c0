import { expect, test } from 'vitest'
import { activityHref, filterOf, parseActivity } from './address'

const person = '01a1ff0f-3be2-76ed-9c1c-fa985b917855'

test('what an address says comes back in the address that is made of it', () => {
  for (const query of [
    '',
    `?who=${person}&kind=key&outcome=refused&from=2026-01-31&to=2026-02-01`,
    '?who=vendor',
    '?kind=member&after=120',
    '?before=7',
  ]) {
    const address = parseActivity(Object.fromEntries(new URLSearchParams(query)))
    expect(activityHref('acme', address, { cursor: address.cursor })).toBe(`/acme/activity${query}`)
    // Whatever else changes, the page begins with the newest.
    expect(activityHref('acme', address)).not.toMatch(/after|before/)
  }
})

test('what is malformed counts as not said', () => {
  const address = parseActivity({
    who: "' or 1=1",
    kind: 'keys',
    outcome: ['undone'],
    from: '2026-02-30',
    to: '9999999-01-01',
    after: '-1',
    before: '1e9',
  })
  expect(activityHref('acme', address, { cursor: address.cursor })).toBe('/acme/activity')
})

test.each(['0000-01-01', '0001-01-01', '1899-12-31', '3000-01-01', '9999-12-31'])(
  'a day of another age, %s, counts as not said',
  (day) => expect(parseActivity({ from: day, to: day })).toMatchObject({ from: undefined, to: undefined }),
)

test('days are those of the person, the last one included', () => {
  const address = parseActivity({ from: '2026-03-28', to: '2026-03-29' })
  expect(filterOf(address, person, 'Europe/Paris')).toMatchObject({
    from: new Date('2026-03-27T23:00:00Z'),
    // The clocks were put forward on that day.
    to: new Date('2026-03-29T22:00:00Z'),
  })
})
