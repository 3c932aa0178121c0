import type { ServerResponse } from 'node:http'

/** A page that is complete in itself: without styles, scripts, or anything that could fail as well. */
export interface Page {
  status: number
  html: string
  headers?: Record<string, string>
}

/** In the looks of the browser alone. What stands in `main` says itself which language it is in, where it is not English. */
export const wholePage = (titles: readonly string[], main: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${titles.join(' · ')}</title>
<main>
${main}</main>
</html>
`

export function sendPage(response: ServerResponse, { status, html, headers }: Page) {
  // What was meant for the answer that will not come.
  for (const name of ['Content-Encoding', 'Content-Length', 'Transfer-Encoding', 'ETag', 'Link'])
    response.removeHeader(name)
  response
    .writeHead(status, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': Buffer.byteLength(html),
      'Cache-Control': 'no-store',
      ...headers,
    })
    .end(html)
}

/**
 * Lets a page take the place of an answer that Next begins. Whatever else is written passes through as it comes; what
 * belongs to the replaced answer is dropped.
 * @param choose the page for an answer of this status; undefined: none.
 */
export function sendInstead(
  response: ServerResponse,
  choose: (status: number) => Page | Promise<Page> | undefined,
) {
  const { writeHead, write, end, flushHeaders } = response
  let replaced = false
  const send = (page: Page) => {
    Object.assign(response, { writeHead, write, end, flushHeaders })
    sendPage(response, page)
    Object.assign(response, replacements)
  }
  const instead = (status: number) => {
    if (replaced || response.headersSent) return replaced
    const page = choose(status)
    if (!page) return false
    replaced = true
    if (page instanceof Promise) void page.then(send)
    else send(page)
    return true
  }
  const passing =
    (method: typeof write | typeof end | typeof flushHeaders, dropped: unknown) =>
    (...given: unknown[]) => {
      if (!instead(response.statusCode)) return Reflect.apply(method, response, given)
      const done = given.findLast((argument) => typeof argument === 'function')
      if (done) process.nextTick(done)
      return dropped
    }
  const replacements = {
    writeHead: (status: number, ...rest: unknown[]) =>
      instead(status) ? response : Reflect.apply(writeHead, response, [status, ...rest]),
    write: passing(write, true),
    end: passing(end, response),
    flushHeaders: passing(flushHeaders, undefined),
  }
  Object.assign(response, replacements)
}
