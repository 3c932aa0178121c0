import { readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { Person } from './customer'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export interface Sent {
  method?: string
  path: string
  as?: Person | null
  headers?: Record<string, string>
  body?: string | Buffer
  /** Of another process than the one that all tests share. */
  port?: number
}

export const origin = () => process.env.PUBLIC_URL ?? ''

const locationOfPortal = () => {
  const { hostname, port } = new URL(origin())
  return { hostname, port: Number(port) }
}

/** A request as any program can send it: neither a browser nor fetch lets one forge a Host or an Origin. */
export function send({
  method = 'GET',
  path,
  as = null,
  headers = {},
  body,
  ...sent
}: Sent): Promise<Answer> {
  const { hostname, port } = { ...locationOfPortal(), ...sent }
  const cookie = as ? { cookie: `session=${as.token}` } : {}
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { hostname, port, method, path, headers: { ...cookie, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** Each server action that the build knows: its ID, and where it was written. */
export function builtActions(): { id: string; name: string; pages: string[] }[] {
  const { node } = manifest('server/server-reference-manifest.json') as {
    node: Record<string, { filename: string; exportedName: string; workers: Record<string, unknown> }>
  }
  return Object.entries(node).map(([id, { filename, exportedName, workers }]) => ({
    id,
    name: `${filename} ${exportedName}`,
    pages: Object.keys(workers).map((worker) => worker.replace(/^app/, '')),
  }))
}

/** Each page and route handler that the build knows, with its folders: `/(portal)/[org]/keys/page`. */
export const builtPaths = (): string[] => Object.keys(manifest('server/app-paths-manifest.json'))

const manifest = (name: string) =>
  JSON.parse(readFileSync(new URL(`../.next/${name}`, import.meta.url), 'utf8')) as Record<string, unknown>

export type Fields = readonly (readonly [string, string])[]

/** What the browser sends for an action: by JavaScript, or by a plain form. `stated`: whether the action takes a state first. */
export function actionBody(how: 'script' | 'form', id: string, fields: Fields, stated: boolean) {
  if (how === 'script') {
    const own = fields.map(([name, value]) => [`_1_${name}`, value] as const)
    const argumentList = stated ? '[{"status":"idle"},"$K1"]' : '["$K1"]'
    const { headers, body } = multipart([...own, ['0', argumentList]])
    return { headers: { ...headers, 'next-action': id, accept: 'text/x-component' }, body }
  }
  const reference: Fields = stated
    ? [
        ['$ACTION_REF_1', ''],
        ['$ACTION_1:0', JSON.stringify({ id, bound: '$@1' })],
        ['$ACTION_1:1', '[{"status":"idle"}]'],
        ['$ACTION_KEY', 'k1'],
      ]
    : [[`$ACTION_ID_${id}`, '']]
  return multipart([...reference, ...fields])
}

export function multipart(fields: Fields) {
  const boundary = '----latchkey-e2e'
  const parts = fields.map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name.replaceAll('"', '%22')}"\r\n\r\n${value}\r\n`,
  )
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } as Record<string, string>,
    body: `${parts.join('')}--${boundary}--\r\n`,
  }
}

/**
 * An answer without what differs each time or was given by the sender, so that two can be compared. A page arrives in
 * pieces, cut where time cuts them: compared are its texts, in whichever piece they came.
 */
export function comparable(answer: Answer, ...given: string[]): string {
  const { status, headers } = answer
  const perRequest = ['date', 'etag', 'content-length', 'connection', 'transfer-encoding']
  const names = Object.keys(headers).filter((name) => !perRequest.includes(name))
  const body = headers['content-type']?.startsWith('text/html') ? textsOf(answer.text) : answer.text
  let text = `${status} ${names.sort().join(' ')} ${headers.location ?? ''}\n${body}`
  for (const [index, one] of given.entries()) text = text.replaceAll(one, `<given ${index}>`)
  return text
}

function textsOf(html: string): string {
  const inPayload = html.matchAll(/\\"(?:children|content|href|label)\\":\\"(.*?)\\"/g)
  const inMarkup = html.replace(/<script.*?<\/script>/gs, '').matchAll(/>([^<]+)</g)
  return [...new Set([...inPayload, ...inMarkup].map(([, text = '']) => text))].sort().join('\n')
}
