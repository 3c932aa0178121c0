import type Stripe from 'stripe'
import { emit } from './events'
import { invalid } from './failure'
import { newId } from './ids'
import { pageOf } from './list'
import { accepts, integer, pages, text } from './params'
import { periodEnd } from './periods'
import { route } from './route'
import { end } from './subscribing'
import { idOf } from './table'
import { Timeline } from './timeline'
import type { World } from './world'

const day = 24 * 60 * 60

const customersOf = (world: World, clock: string) =>
  world.tables.customers.all((customer) => idOf(customer.test_clock) === clock)

/** How far Stripe lets a test clock go at once: two intervals of its shortest subscription, or two years. */
function furthest(world: World, clock: Stripe.TestHelpers.TestClock): number {
  const ids = new Set(customersOf(world, clock.id).map(({ id }) => id))
  const from = clock.frozen_time
  const ends = world.tables.subscriptions
    .all((one) => ids.has(idOf(one.customer)) && one.ended_at === null)
    .flatMap((one) => one.items.data.flatMap(({ price }) => (price.recurring ? [price.recurring] : [])))
    .map((recurring) => periodEnd(from, periodEnd(from, from, recurring), recurring))
  return ends.length > 0 ? Math.min(...ends) : from + 2 * 366 * day
}

export const testClockRoutes = [
  route(
    'POST',
    '/v1/test_helpers/test_clocks',
    accepts<Stripe.TestHelpers.TestClockCreateParams>()({
      frozen_time: integer,
      name: text.max(300).optional(),
    }),
    ({ world, params }) => {
      const now = world.time.now()
      const clock: Stripe.TestHelpers.TestClock = {
        id: newId('clock'),
        object: 'test_helpers.test_clock',
        created: now,
        deletes_after: now + 30 * day,
        frozen_time: params.frozen_time,
        livemode: false,
        name: params.name ?? null,
        status: 'ready',
        status_details: {},
      }
      const { testClocks } = world.tables
      testClocks.put(clock)
      world.clocks.set(clock.id, new Timeline(() => testClocks.get(clock.id).frozen_time))
      emit(world, 'test_helpers.test_clock.created', clock)
      return clock
    },
  ),
  route(
    'POST',
    '/v1/test_helpers/test_clocks/:id/advance',
    accepts<Stripe.TestHelpers.TestClockAdvanceParams>()({ frozen_time: integer }),
    ({ world, params, ids }) => {
      const { testClocks } = world.tables
      const clock = testClocks.get(ids.id)
      const { frozen_time: to } = params
      if (to <= clock.frozen_time)
        throw invalid('The frozen time must be after the current frozen time.', 'frozen_time')
      if (to > furthest(world, clock))
        throw invalid(
          'Cannot advance more than two intervals in the future from the shortest subscription.',
          'frozen_time',
        )
      const advancing = testClocks.put<Stripe.TestHelpers.TestClock>({
        ...clock,
        frozen_time: to,
        status: 'advancing',
      })
      emit(world, 'test_helpers.test_clock.advancing', advancing)
      world.clocks.get(clock.id)?.run()
      emit(
        world,
        'test_helpers.test_clock.ready',
        testClocks.put<Stripe.TestHelpers.TestClock>({ ...advancing, status: 'ready' }),
      )
      return advancing
    },
  ),
  route(
    'GET',
    '/v1/test_helpers/test_clocks',
    accepts<Stripe.TestHelpers.TestClockListParams>()(pages),
    ({ world, params }) => pageOf(world.tables.testClocks.all(), params, '/v1/test_helpers/test_clocks'),
  ),
  route('GET', '/v1/test_helpers/test_clocks/:id', {}, ({ world, ids }) =>
    world.tables.testClocks.get(ids.id),
  ),
  route('DELETE', '/v1/test_helpers/test_clocks/:id', {}, ({ world, ids }) => {
    const clock = world.tables.testClocks.get(ids.id)
    for (const customer of customersOf(world, clock.id)) {
      const live = world.tables.subscriptions.all(
        (one) => one.customer === customer.id && one.ended_at === null,
      )
      for (const subscription of live) end(world, subscription, null)
      world.tables.customers.remove(customer.id)
    }
    world.tables.testClocks.remove(clock.id)
    world.clocks.delete(clock.id)
    emit(world, 'test_helpers.test_clock.deleted', clock)
    const deleted: Stripe.TestHelpers.DeletedTestClock = {
      id: clock.id,
      object: 'test_helpers.test_clock',
      deleted: true,
    }
    return deleted
  }),
]
