import { afterAll } from 'vitest'
import { freePort } from '@/sandbox/ports'
import type { TestDatabase } from '@/sandbox/test/database'
import { startProduct } from '@/scripts/product'

export interface Answer {
  status: number
  headers: Headers
  // What the service answers is what the tests look into.
  // biome-ignore lint/suspicious/noExplicitAny: an answer has whatever members it has
  body: any
}

/**
 * The key service as it is in production: a process of its own, with its own database role. It ends with the test file.
 * @returns what asks it; the body is read as JSON
 */
export async function startKeyService(
  database: TestDatabase,
  more: Record<string, string> = {},
  print: (line: string) => void = () => {},
) {
  const keyServicePort = await freePort()
  const env = { ...process.env, KEY_SERVICE_DATABASE_URL: database.keyServiceUrl, LOG_LEVEL: 'warn', ...more }
  const [running] = startProduct({
    parts: ['key-service'],
    host: '127.0.0.1',
    port: 0,
    keyServicePort,
    env,
    print,
  })
  if (!running) throw new Error('nothing was started')
  afterAll(() => running.stop())
  await running.ready
  const url = `http://127.0.0.1:${keyServicePort}`
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const json = body === undefined ? {} : { 'Content-Type': 'application/json' }
    const response = await fetch(url + path, {
      method,
      headers: { ...json, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: parsed(text) }
  }
  return { url, ask, running }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
