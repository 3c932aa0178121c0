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
    ['--import', './scripts/typescript.mjs', 'scripts/verify-audit.ts', ...options],
    { encoding: 'utf8', env: { ...process.env, ...more } },
  )
  return { status, said: stdout.trim() }
}

const as = (database: { ownerUrl: string }, statement: string) =>
  onConnection(database.ownerUrl, async (client) => {
    await client.query(`set latchkey.scope = 'system'`)
    await client.query(statement)
  })

const none = path.join(folder, 'none.jsonl')
const atFirst = /^Nothing is signed yet: .* within the hour\.\nAll is as it was written: /

test('nothing needs to be signed where nothing has happened yet, and no worker has made the file', () => {
  expect(verify({ AUDIT_HEADS_FILE: none })).toEqual({ status: 0, said: expect.stringMatching(atFirst) })
})

test('before the first hour is over nothing needs to be signed; later that is a fault', async () => {
  await makeOrganization('first')
  expect(verify({ AUDIT_HEADS_FILE: none })).toEqual({ status: 0, said: expect.stringMatching(atFirst) })
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
  const gone = verify({ SANDBOX_CLOCK_FILE: clock, AUDIT_HEADS_FILE: none })
  expect(gone.status).toBe(1)
  expect(gone.said).toMatch(
    /^The file of signed heads \(\S+none\.jsonl\) is not there: .*\.\n1 fault was found: 2 trails/,
  )
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
    said: expect.stringContaining('is not signed by the key at hand'),
  })
  expect(other.said).toContain('Nothing was ever signed')
  expect(verify({}, '--heads', `${file}.none`)).toMatchObject({
    status: 2,
    said: `There is no file ${file}.none`,
  })
  expect(verify({ AUDIT_HEADS_FILE: '' }).said).toContain('Name the file of signed heads')
  expect(verify({ AUDIT_SIGNING_KEY: '' }).said).toContain('AUDIT_PUBLIC_KEY is missing')
})

test('an auditor verifies with the public part of the key and the database alone, and no other public part will do', async () => {
  const sound = await newFile()
  const { said: printed } = verify({}, '--public-key')
  expect(printed).toMatch(/^AUDIT_PUBLIC_KEY=[\w+/]{43}=$/)
  expect(printed).not.toContain(process.env.AUDIT_SIGNING_KEY)
  const AUDIT_PUBLIC_KEY = printed.slice('AUDIT_PUBLIC_KEY='.length)
  const secrets = Object.fromEntries(Object.keys(newSecrets()).map((name) => [name, '']))
  const none = { ...secrets, SMTP_URL: '', MAIL_FROM: '', PUBLIC_URL: '', VENDOR_NAME: '', SUPPORT_EMAIL: '' }
  const heads = ['--heads', sound]
  const signed = verify({ ...none, AUDIT_PUBLIC_KEY }, ...heads).said
  expect(signed).not.toContain('is not signed')
  expect(signed).toMatch(/and 1 signed lines were read\.$/)
  const other = Buffer.alloc(32, 7).toString('base64')
  expect(verify({ ...none, AUDIT_PUBLIC_KEY: other }, ...heads)).toMatchObject({
    status: 1,
    said: expect.stringContaining('is not signed by the key at hand'),
  })
  expect(verify({ ...none, AUDIT_PUBLIC_KEY: 'x' }, ...heads)).toMatchObject({
    status: 2,
    said: expect.stringContaining(
      'AUDIT_PUBLIC_KEY should be what npm run audit:verify -- --public-key prints',
    ),
  })
})

async function newFile(): Promise<string> {
  writeFileSync(file, '')
  await signHeads()
  return file
}
