import { rmSync } from 'node:fs'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { migrateDatabase } from '@/sandbox/database'
import { freePort } from '@/sandbox/ports'
import { startPostgres, throwAwayFlags } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import { loginRoles, templateDatabase } from '@/sandbox/test/names'

/** Once per run: a throw-away Postgres with one migrated database, from which each test file's own is cloned. */
export async function setup(project: TestProject) {
  const folder = throwAwayFolder()
  const postgres = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    port: await freePort(),
    flags: [...throwAwayFlags, 'max_connections=300'],
  })
  await migrateDatabase(postgres, templateDatabase)
  project.provide('urls', {
    owner: postgres.url('DATABASE'),
    app: postgres.url('DATABASE', loginRoles.app),
    worker: postgres.url('DATABASE', loginRoles.worker),
    keyService: postgres.url('DATABASE', loginRoles.keyService),
  })
  return async () => {
    await postgres.stop('immediate')
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}
