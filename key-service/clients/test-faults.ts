import type { Reply } from './test-portal'

const html = { 'content-type': 'text/html' }
const json = { 'content-type': 'application/json' }

/** What answers in the portal's place, as it is met in practice. */
export const faults: Record<string, Reply> = {
  proxy_page: { status: 200, headers: html, body: '<html><h1>Access denied by policy</h1></html>' },
  captive_portal: { status: 302, headers: { location: '/sign-in' }, body: '' },
  bot_check: { status: 403, headers: html, body: '<html>Checking that you are human</html>' },
  html_500: { status: 500, headers: html, body: '<html>Internal Server Error</html>' },
  unavailable: {
    status: 503,
    headers: { ...json, 'retry-after': '60' },
    body: '{"status":503,"title":"Unavailable"}',
  },
  too_many: { status: 429, headers: json, body: '{"status":429}' },
  unsigned_refusal: { status: 403, headers: json, body: '{"code":"revoked","valid":false}' },
  unsigned_lease: { status: 200, headers: json, body: '{"lease":"{}","verdict":{"valid":true,"code":"ok"}}' },
  refused_fields: {
    status: 400,
    headers: json,
    body: '{"code":"invalid_input","fields":{"url":"malformed","<b>":"x","nonce":"malformed"}}',
  },
  refused_nothing: { status: 400, headers: json, body: '{"code":"invalid_input","fields":["url"]}' },
  json_list: { status: 200, headers: json, body: '[]' },
  empty: { status: 200, headers: json, body: '' },
  endless: { status: 200, headers: json, body: '' },
  too_long: { status: 200, headers: json, body: JSON.stringify({ lease: 'x'.repeat(3_000_000) }) },
}
