import { expect, test } from 'vitest'
import * as schema from '@/db/schema/reminders'
import { onConnection, refusalOf } from '@/sandbox/test/fixture'
import { again, filledDatabase, refuses } from '@/sandbox/test/refuses'

const { database, own } = await filledDatabase()

const set = (table: string, changes: string) => () => `update ${table} set ${changes}`
const reminder = (changes: Record<string, unknown>) => () => again('reminders', 'mark = 60', changes)

refuses(database, schema, [
  ['a mark that is told twice', 'reminders_organization_id_term_id_kind_mark_pk', reminder({})],
  ['a mark that is none', 'reminders_mark', set('reminders', 'mark = 59')],
  ['an end that is told on the day itself', 'reminders_mark', set('reminders', 'mark = 0')],
  ['a day of a key that waits', 'reminders_mark', set('reminders', `kind = 'not_in_glpi'`)],
  [
    'a reminder that was done before it was there',
    'reminders_span',
    set('reminders', `done_at = created_at - interval '1 second'`),
  ],
  [
    'a mail that went out twice',
    'sent_mails_organization_id_about_person_id_pk',
    () => again('sent_mails', `about like 'keys-%'`, {}),
  ],
  ['a mail about nothing', 'sent_mails_about', set('sent_mails', `about = 'keys-ready'`)],
  ['a mail about what no address may hold', 'sent_mails_about', set('sent_mails', `about = about || ' x'`)],
])

test.each<[string, () => string]>([
  ['a further mark of a term', reminder({ mark: 30 })],
  ['a term of which the key waits, beside its end', reminder({ kind: 'not_in_glpi', mark: 0 })],
  ['a reminder that is done', set('reminders', 'done_at = created_at')],
])('the database takes %s', async (_what, statement) => {
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`begin; set local latchkey.organization_id = '${own.organizationId}'`)
    expect(await refusalOf(client, statement())).toMatchObject({ code: 'done', rows: 1 })
  })
})
