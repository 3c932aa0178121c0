import { beforeAll, expect, test } from 'vitest'
import { asOrganization, asStaff } from '@/db/scope'
import { openRequest } from '@/lib/organizations/request'
import {
  byStaff,
  bySystem,
  type Fixture,
  makeCatalog,
  makeOrganization,
  makeStaff,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'
import { assign } from './assign'
import { decideRequest } from './decide'
import { closedDays, closedRequests, countRequests, decidersOf, openRequests } from './requests'

const database = await productDatabase()
let own: Fixture
let staff: Awaited<ReturnType<typeof makeStaff>>
const asked: string[] = []
const day = 86_400_000

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  staff = await makeStaff(own)
  const products = await rowsOf<{ id: string }>(database, 'select id from products order by id limit 4')
  const other = await makeOrganization('globex')
  // That somebody else looks after.
  await assign(bySystem(other.organizationId), { staffId: staff.unassigned })
  const [towns, begun] = [[own, other], Date.now() - day]
  // By turns, two of each moment: which comes first is then decided by their IDs.
  for (const [nth, { id: productId }] of products.entries())
    for (const { organizationId, people } of towns) {
      const of = {
        organizationId,
        personId: people.owner,
        reason: 'Please.',
        now: new Date(begun + nth * 1_000),
      }
      const about = { kind: 'trial', productId, instanceId: null } as const
      asked.push(await asOrganization(organizationId, (tx) => openRequest(tx, { ...of, about })))
    }
})

const everywhere = { assignedTo: null, kind: null }
const read = <T>(work: Parameters<typeof asStaff<T>>[1]) => asStaff(staff.unassigned, work)

test('page by page all that wait come once, the oldest first, also those of one moment', async () => {
  const found: string[] = []
  let after: { at: Date; id: string } | undefined
  for (;;) {
    const page = await read((tx) => openRequests(tx, everywhere, { after, size: 3 }))
    const last = page.at(-1)
    if (!last) break
    found.push(...page.map(({ id }) => id))
    after = { at: last.askedAt, id: last.id }
  }
  expect(found).toHaveLength(asked.length)
  expect(new Set(found)).toEqual(new Set(asked))
  const times = await read((tx) => openRequests(tx, everywhere, { size: 50 }))
  expect(times.map(({ askedAt }) => askedAt)).toEqual(
    times.map(({ askedAt }) => askedAt).sort((a, b) => +a - +b),
  )
})

test('an account manager’s own are those of the assigned organizations, and of one kind where that is asked', async () => {
  const mine = { assignedTo: staff.manager, kind: null }
  const rows = await read((tx) => openRequests(tx, mine, { size: 50 }))
  expect(new Set(rows.map(({ slug }) => slug))).toEqual(new Set(['acme']))
  expect(rows).toHaveLength(4)
  expect(await read((tx) => countRequests(tx, mine, new Date()))).toBe(4)
  expect(await read((tx) => countRequests(tx, { ...mine, kind: 'join' }, new Date()))).toBe(0)
  const who = await read((tx) => decidersOf(tx, [own.organizationId]))
  expect(who(own.organizationId)).toEqual({ role: 'manager', names: ['Manager of Northwind'] })
  expect(who(staff.admin)).toEqual({ role: 'admin', names: ['Admin of Northwind'] })
})

test('what was asked back is not counted until it is replied to; what was declined is listed as over, for 30 days', async () => {
  const [first, second] = await read((tx) =>
    openRequests(tx, { ...everywhere, assignedTo: staff.manager }, { size: 2 }),
  )
  const say = (id = '', answer: 'asked_back' | 'declined') =>
    decideRequest(byStaff(staff.manager, own), { requestId: id, answer, note: 'Why?' })
  await say(first?.id, 'asked_back')
  await say(second?.id, 'declined')
  expect(await read((tx) => countRequests(tx, everywhere, new Date()))).toBe(asked.length - 2)
  expect(await read((tx) => openRequests(tx, everywhere, { size: 50 }))).toHaveLength(asked.length - 1)
  const closed = (at: number) => read((tx) => closedRequests(tx, everywhere, new Date(at)))
  expect(await closed(Date.now())).toMatchObject([{ id: second?.id, state: 'declined' }])
  expect(await closed(Date.now() + (closedDays + 1) * day)).toEqual([])
})
