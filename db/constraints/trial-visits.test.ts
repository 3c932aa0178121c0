import * as schema from '@/db/schema/trial-visits'
import { filledDatabase, refuses } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const visits = (values: string) => () => `insert into trial_visits (day, product_id, count) values ${values}`

refuses(database, schema, [
  ['no visit', 'trial_visits_count', visits(`('2026-11-01', null, 0)`)],
  [
    'a day of a page that is counted twice, also of the page of them all',
    'trial_visits_day',
    visits(`('2026-11-01', null, 1), ('2026-11-01', null, 1)`),
  ],
])
