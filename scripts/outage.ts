import type { ServerResponse } from 'node:http'
import en from '../lib/messages/en/outage.json' with { type: 'json' }
import fr from '../lib/messages/fr/outage.json' with { type: 'json' }
import { type Page, sendInstead, sendPage, wholePage } from './instead.ts'

/**
 * In the place of a page that an outage kept from being made. Next shows its page for errors with 500 and by JavaScript;
 * this one says 503, as proxies and monitors expect, and needs none. Both languages, since whose it is nobody can look up.
 */
const html = wholePage(
  [en.title, fr.title],
  `<h1>${en.title}</h1>
<p>${en.text}</p>
<section lang="fr">
<h1>${fr.title}</h1>
<p>${fr.text}</p>
</section>
`,
)
const outage: Page = { status: 503, headers: { 'Retry-After': '5' }, html }

/** Answers 503 with the page of an outage. */
export function answerOutage(response: ServerResponse) {
  sendPage(response, outage)
}

/**
 * Turns a 500 of a request that came upon an outage into the page above.
 * @param met whether this request came upon an outage.
 */
export function explainOutage(response: ServerResponse, met: () => boolean) {
  sendInstead(response, (status) => (status === 500 && met() ? outage : undefined))
}
