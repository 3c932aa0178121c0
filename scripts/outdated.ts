import type { IncomingMessage, ServerResponse } from 'node:http'
import en from '../lib/messages/en/outdated.json' with { type: 'json' }
import fr from '../lib/messages/fr/outdated.json' with { type: 'json' }
import { type Page, sendInstead, wholePage } from './instead.ts'

/**
 * Says that there is a new version, and gives back what was typed, to who sends a form without JavaScript from a page of
 * another build: each build gives its actions other names. Next answers with three words and no page; a form that is sent
 * by JavaScript says the same in place (components/unanswered.ts).
 */
export function explainOutdated(request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = []
  const push = request.push
  // Seen as it comes in: whoever else reads a stream takes from its reader.
  request.push = function keep(this: IncomingMessage, chunk: Buffer | null, ...rest: unknown[]) {
    if (chunk) chunks.push(chunk)
    return Reflect.apply(push, this, [chunk, ...rest])
  }
  sendInstead(response, (status) => {
    if (status !== 409 || !response.hasHeader('x-nextjs-action-not-found')) return undefined
    return valuesIn(Buffer.concat(chunks), request).then((values) => pageWith(values, ownPath(request.url)))
  })
}

/** Names that the forms give themselves: nobody typed what they hold. */
const notTyped = /^(\$.*|organization|idempotencyKey|token|\w+Id)$/

async function valuesIn(body: Buffer<ArrayBuffer>, { headers }: IncomingMessage): Promise<string[]> {
  // What another site made a browser send is not to stand on a page of ours.
  if (!headers.origin) return []
  const type = headers['content-type'] ?? ''
  const form = await new Response(body, { headers: { 'Content-Type': type } }).formData().catch(() => null)
  return [...(form ?? [])].flatMap(([name, value]) =>
    typeof value === 'string' && value && !notTyped.test(name) ? [value] : [],
  )
}

/** With two slashes at its beginning it would be another host's. */
const ownPath = (url = '/') => url.replace(/^[\\/]+/, '/')

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const inHtml = (text: string) => text.replace(/[&<>"]/g, (character) => escapes[character] ?? '')

function pageWith(values: string[], url: string): Page {
  const fields = values
    .map((value) => `<p><textarea readonly rows="3" cols="60">\n${inHtml(value)}</textarea></p>\n`)
    .join('')
  const section = (language: string, words: typeof en) => `<section lang="${language}">
<h1>${words.title}</h1>
<p>${words.text}</p>
<p><a href="${inHtml(url)}">${words.link}</a></p>
${fields && `<p>${words.typed}</p>`}
</section>
`
  const html = wholePage([en.title, fr.title], `${section('en', en)}${section('fr', fr)}${fields}`)
  return { status: 409, html }
}
