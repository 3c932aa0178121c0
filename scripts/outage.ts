import type { ServerResponse } from 'node:http'
import en from '../lib/messages/en/outage.json' with { type: 'json' }
import fr from '../lib/messages/fr/outage.json' with { type: 'json' }

const retryAfterSeconds = 5

/**
 * In the place of a page that an outage kept from being made. Next shows its page for errors with 500 and by JavaScript;
 * this one says 503, as proxies and monitors expect, and needs none. Both languages, since whose it is nobody can look up.
 */
const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${en.title} · ${fr.title}</title>
<main>
<h1>${en.title}</h1>
<p>${en.text}</p>
<section lang="fr">
<h1>${fr.title}</h1>
<p>${fr.text}</p>
</section>
</main>
</html>
`

/** Answers 503 with the page of an outage. */
export function answerOutage(response: ServerResponse) {
  // What was meant for the page that will not come.
  for (const name of ['Content-Encoding', 'Content-Length', 'Transfer-Encoding', 'ETag', 'Link'])
    response.removeHeader(name)
  response
    .writeHead(503, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': Buffer.byteLength(page),
      'Retry-After': String(retryAfterSeconds),
      'Cache-Control': 'no-store',
    })
    .end(page)
}

/**
 * Turns a 500 of a request that came upon an outage into the page above. Whatever else is written passes through as it
 * comes; what belongs to the 500 is dropped.
 * @param met whether this request came upon an outage.
 */
export function explainOutage(response: ServerResponse, met: () => boolean) {
  const { writeHead, write, end, flushHeaders } = response
  let answered = false
  const instead = (status: number) => {
    if (answered) return true
    if (status !== 500 || response.headersSent || !met()) return false
    answered = true
    Object.assign(response, { writeHead, write, end, flushHeaders })
    answerOutage(response)
    Object.assign(response, replacements)
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
