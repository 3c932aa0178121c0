import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { signHeads } from '@/lib/audit/sign-heads'
import { newSecrets } from '@/sandbox/environment'
import { makeOrganization, onConnection, productDatabase } from '@/sandbox/test/fixture'

const folder = mkdtempSync(path.join(tmpdir(), 'heads-'))
const file = path.join(folder, 'heads.jsonl')
const database = await productDatabase({ AUDIT_HEADS_FILE: file })
afterAll(() => rmSync(folder, { recursive: true }))

function verify(more: Record<string, string> = {}, ...options: string[]) {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'scripts/verify-audit.ts', ...options],
    { encoding: 'utf8', env: { ...process.env, ...more } },
  )
  return { status, said: stdout.trim() }
}

const as = (database: { ownerUrl: string }, statement: string) =>
  onConnection(database.ownerUrl, async (client) => {
    await client.query(`set latchkey.scope = 'system'`)
    await client.query(statement)
  })

test('before the first hour is over nothing needs to be signed; later that is a fault', async () => {
  await makeOrganization('first')
  writeFileSync(file, '')
  expect(verify()).toEqual({
    status: 0,
    said: expect.stringMatching(
      /^Nothing is signed yet: .* within the hour\.\nAll is as it was written: 2 trails with \d+ entries and 0 signed lines were read\.$/,
    ),
  })
  const clock = path.join(folder, 'clock')
  writeFileSync(clock, `${2 * 3_600_000 + 60_000}`)
  const { status, said } = verify({ SANDBOX_CLOCK_FILE: clock })
  expect(status).toBe(1)
  expect(said).toContain('Nothing was ever signed: no worker runs')
  expect(said).toMatch(/\n1 fault was found: /)
})

test('audit:verify says that all is well, or names what is not and ends with 1', async () => {
  const { organizationId } = await makeOrganization('acme')
  await signHeads()
  expect(verify()).toMatchObject({
    status: 0,
    said: expect.stringMatching(/^All is as it was written: 3 trails/),
  })
  await as(
    database,
    `update audit_entries set action = 'x' where organization_id = '${organizationId}' and sequence = 3`,
  )
  await as(database, `update audit_entries set details = '{}' where organization_id is null and sequence = 1`)
  const { status, said } = verify({}, '--heads', file)
  expect(status).toBe(1)
  expect(said).toContain(`The audit trail of organization ${organizationId}: entry 3 was changed`)
  expect(said).toContain('The audit trail of the vendor: entry 1 was changed')
  expect(said).toContain('2 faults were found')
})

test('another key, a file that is not there, or none that was named is said', async () => {
  await signHeads()
  const other = verify({
    AUDIT_SIGNING_KEY: newSecrets().AUDIT_SIGNING_KEY ?? '',
  })
  expect(other).toMatchObject({
    status: 1,
    said: expect.stringContaining('is not signed by AUDIT_SIGNING_KEY'),
  })
  expect(other.said).toContain('Nothing was ever signed')
  expect(verify({}, '--heads', `${file}.none`)).toMatchObject({
    status: 2,
    said: expect.stringContaining('ENOENT'),
  })
  expect(verify({ AUDIT_HEADS_FILE: '' }).said).toContain('Name the file of signed heads')
  expect(verify({ AUDIT_SIGNING_KEY: '' }).said).toContain('AUDIT_SIGNING_KEY is missing')
})
