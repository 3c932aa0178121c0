import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import pg from 'pg'
import type { Bench } from '@/bench/product'

export interface Page {
  name: string
  url: string
  cookie: string
  /** What a right answer holds, where it is not the last of the keys or instances that it lists. */
  expected?: string
}

/** The whole page. @throws when it is not 200. */
export async function fetchPage({ name, url, cookie }: Page): Promise<string> {
  const response = await fetch(url, { headers: { cookie }, redirect: 'manual' })
  const html = await response.text()
  if (response.status !== 200) throw new Error(`${name} answered ${response.status}: ${html.slice(0, 300)}`)
  return html
}

/** The short IDs of keys in the body's own markup, in order; what follows it for React repeats them. */
export function keysIn(html: string): string[] {
  const [markup = ''] = html.split('<script>self.__next_f', 1)
  return [...new Set(markup.match(/K-[0-9A-HJKMNP-TV-Z]{6}/g))]
}

/** Bytes of JavaScript, as gzip sends them, that a browser of today loads for the page. */
export async function scriptBytes(html: string, origin: string): Promise<number> {
  const old = new Set([...html.matchAll(/<script src="([^"?]+)[^>]*noModule/gi)].map(([, path]) => path))
  const paths = new Set(html.match(/\/_next\/static\/[^"'\\?]+\.js/g))
  let bytes = 0
  for (const path of paths) {
    if (old.has(path)) continue
    const response = await fetch(origin + path)
    if (!response.ok) throw new Error(`${path} answered ${response.status}`)
    bytes += gzipSync(await response.bytes()).length
  }
  return bytes
}

/** The statements that the product sends for one request of a page, as Postgres logs them. */
export async function statementsOf(page: Page, bench: Bench): Promise<string[]> {
  const superuser = new pg.Client({ connectionString: bench.postgres.url('latchkey', 'postgres') })
  await superuser.connect()
  try {
    await superuser.query(`alter system set log_statement = 'all'`)
    await superuser.query('select pg_reload_conf()')
    // Every connection of the product's reads the new setting before its next statement, once it has been told.
    await wait(300)
    const before = readFileSync(bench.postgresLog, 'utf8').length
    await fetchPage(page)
    // The page is out before its last statement may be on the disk.
    await wait(300)
    const log = readFileSync(bench.postgresLog, 'utf8').slice(before)
    return [...log.matchAll(/^latchkey_app LOG: {2}(?:statement|execute [^:]+): (.*)/gm)].map(
      ([, text = '']) => text,
    )
  } finally {
    await superuser.query('alter system reset log_statement')
    await superuser.query('select pg_reload_conf()')
    await superuser.end()
  }
}
