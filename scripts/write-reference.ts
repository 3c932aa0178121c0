import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { referenceOf } from '@/key-service/openapi'
import { buildServer } from '@/key-service/server'

/*
 * Writes the key service's reference down for the portal's page, which asks nobody while it is rendered: `npm run
 * reference`. A test fails where the file is not what the service says.
 */
const file = fileURLToPath(new URL('../app/help/api/openapi.json', import.meta.url))
const app = await buildServer(() => false)
await app.ready()
writeFileSync(file, `${JSON.stringify(referenceOf(app), null, 2)}\n`)
await app.close()
