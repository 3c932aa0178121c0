import { freePort } from '@/sandbox/ports'
import type { Running } from '@/scripts/processes'
import { startProduct } from '@/scripts/product'

/** A web process of a test's own, on the database of all: with an address, a clock or a limit that is nobody else's. */
export async function startWeb(
  env: Record<string, string | undefined>,
  print: (line: string) => void = () => {},
): Promise<{ web: Running; port: number; url: string }> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const own = { ...process.env, PUBLIC_URL: url, ...env }
  const [web] = startProduct({ parts: ['web'], host: '127.0.0.1', port, env: own, print })
  if (!web) throw new Error('nothing was started')
  try {
    await web.ready
  } catch (error) {
    await web.stop()
    throw error
  }
  return { web, port, url }
}
