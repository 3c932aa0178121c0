import { expect, test } from 'vitest'
import * as schema from '@/db/schema/handovers'
import { onConnection, refusalOf } from '@/sandbox/test/fixture'
import { again, filledDatabase, refuses } from '@/sandbox/test/refuses'

const { database, own } = await filledDatabase()

const set = (table: string, changes: string) => () => `update ${table} set ${changes}`

refuses(database, schema, [
  [
    'a key that is sealed twice under another',
    'sealed_keys_organization_id_under_id_key_id_pk',
    () => again('sealed_keys', 'sealed_at is not null', {}),
  ],
  ['a key that is sealed under itself', 'sealed_keys_another', set('sealed_keys', 'under_id = key_id')],
  [
    'what is sealed and holds nothing',
    'sealed_keys_cipher',
    set('sealed_keys', `cipher = substring(cipher for 28)`),
  ],
  [
    'a key that is handed over twice',
    'handovers_organization_id_activation_id_key_id_pk',
    () => again('handovers', 'handed_at is not null', {}),
  ],
])

test('the database takes a shorter key than ours that is sealed', async () => {
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`begin; set local latchkey.organization_id = '${own.organizationId}'`)
    const shorter = set('sealed_keys', 'cipher = substring(cipher for 29)')
    expect(await refusalOf(client, shorter())).toMatchObject({ code: 'done' })
  })
})
