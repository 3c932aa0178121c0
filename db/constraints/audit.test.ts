import { randomUUID } from 'node:crypto'
import * as audit from '@/db/schema/audit'
import * as commands from '@/db/schema/commands'
import { again, filledDatabase, givenColumns, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database, own } = await filledDatabase()

const anotherEntry = (where: string, changes: Record<string, unknown>) =>
  again('audit_entries', where, { id: randomUUID(), ...changes }, givenColumns(audit.auditEntries))

const wrong: Wrong[] = [
  [
    'a member without a name in the trail',
    'audit_entries_person_known',
    () =>
      anotherEntry(`organization_id = '${own.organizationId}'`, {
        actor: 'member',
        person_id: null,
        sequence: 1_000,
      }),
  ],
  [
    'an audit entry with a number that is taken',
    'audit_entries_sequence',
    () => anotherEntry(`organization_id = '${own.organizationId}'`, {}),
  ],
  [
    'an audit entry with a number that is not the next',
    'audit_entries_next',
    () =>
      anotherEntry(`organization_id = '${own.organizationId}'`, {
        sequence: 1_000,
      }),
  ],
  [
    'an entry of the vendor with a number that is not the next',
    'audit_entries_next',
    () => anotherEntry('organization_id is null', { sequence: 1_000 }),
  ],
  [
    'an entry of the vendor with a number that is taken',
    'audit_entries_sequence',
    () => anotherEntry('organization_id is null', {}),
  ],
  [
    "a second end of the vendor's chain",
    'audit_heads_organization',
    () => again('audit_heads', 'organization_id is null', {}),
  ],
  [
    'one command run twice under its key',
    'command_runs_once',
    () => again('command_runs', 'true', {}).replace('t.true', 'true'),
  ],
]

refuses(database, { ...audit, ...commands }, wrong, [
  'audit_heads_forward',
  'audit_heads_begin',
  'audit_entries_end',
])
