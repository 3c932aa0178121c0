import { migrate } from '@/db/migrate'

/** `npm run db:migrate`: brings the database to this version, as its owner. */
const addresses = {
  owner: ['DATABASE_OWNER_URL', 'postgres://owner:password@host:5432/latchkey'],
  app: ['DATABASE_URL', 'postgres://latchkey_app:password@host:5432/latchkey'],
  worker: ['WORKER_DATABASE_URL', 'postgres://latchkey_worker:password@host:5432/latchkey'],
  keyService: ['KEY_SERVICE_DATABASE_URL', 'postgres://latchkey_key_service:password@host:5432/latchkey'],
} as const

function read(which: keyof typeof addresses): string {
  const [name, example] = addresses[which]
  const value = process.env[name]?.trim()
  if (value && URL.canParse(value)) return value
  process.stderr.write(`${name} is missing or malformed; it should look like ${example}\n`)
  process.exit(1)
}

try {
  const { closed } = await migrate({
    owner: read('owner'),
    app: read('app'),
    worker: read('worker'),
    keyService: read('keyService'),
  })
  if (!closed)
    process.stdout.write(
      'Every role of this database may fill its disk with large objects; only a superuser may change that (docs/operate.md).\n',
    )
  process.stdout.write('The database is at this version.\n')
} catch (error) {
  process.stderr.write(
    `The database was not migrated: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exit(1)
}
