import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@playwright/test'

const build = path.join(import.meta.dirname, '..', '.next')
const wholeKey = /gk[stp]1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{32}/g
/** Of the reference: keys for tests, which anybody can make, and which no real root signs for. */
const examples = new Set(
  readFileSync(path.join(import.meta.dirname, '../app/help/api/openapi.json'), 'utf8').match(wholeKey),
)

test('what was built holds no secret of the running product and no whole key', () => {
  const secrets = [
    ...['KEY_FINGERPRINT_SECRET', 'SIGN_IN_SECRET'].map((name) => process.env[name] ?? ''),
    ...['KEY_RING', 'LEASE_KEY_RING'].flatMap((name) =>
      (process.env[name] ?? '').split(',').map((entry) => entry.slice(entry.indexOf(':') + 1)),
    ),
    ...['DATABASE_URL', 'KEY_SERVICE_DATABASE_URL', 'DATABASE_OWNER_URL'].map(
      (name) => new URL(process.env[name] ?? '').password,
    ),
  ]
  // Else the search below would find nothing, or everything, and mean nothing.
  for (const secret of secrets) expect(secret.length).toBeGreaterThan(20)
  const files = ['server', 'static'].flatMap((part) =>
    readdirSync(path.join(build, part), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    ),
  )
  expect(files.length).toBeGreaterThan(20)
  const found = files.filter((file) => {
    const text = readFileSync(path.join(file.parentPath, file.name), 'latin1')
    const keys = text.match(wholeKey) ?? []
    return keys.some((key) => !examples.has(key)) || secrets.some((secret) => text.includes(secret))
  })
  expect(found.map((file) => path.join(path.basename(file.parentPath), file.name))).toEqual([])
})
