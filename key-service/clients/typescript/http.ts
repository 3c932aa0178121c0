import { type Claims, objectOf } from './statements'

export interface Question {
  method: 'GET' | 'POST' | 'DELETE'
  address: string
  body?: Claims
  headers?: Record<string, string>
}

export type Answer =
  | { ok: true; status: number; json: Claims }
  | { ok: false; at: 'network'; why: string }
  | { ok: false; at: 'service'; why: string; status: number }

/** The portal's answers have a few kilobytes. */
const longestAnswer = 65_536
/** Less than a web page may take: the set-up page waits for it. */
export const usualTimeout = 10_000

/**
 * Asks once. Whatever is not a JSON object is no answer of the portal: a proxy's page, a captive portal's redirect, a bot
 * check. The network and the service are kept apart: only where nothing answered is it the network.
 */
export async function ask(
  question: Question,
  fetch: typeof globalThis.fetch,
  timeout: number,
): Promise<Answer> {
  let status = 0
  try {
    const response = await fetch(question.address, {
      method: question.method,
      // Followed, a redirect would hand the key to whoever asks for it.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
      headers: { Accept: 'application/json', 'Content-Type': 'application/json', ...question.headers },
      ...(question.body ? { body: JSON.stringify(question.body) } : {}),
    })
    status = response.status
    if (status >= 300 && status < 400) return { ok: false, at: 'service', why: 'redirect', status }
    const text = await readText(response)
    if (text === null) return { ok: false, at: 'service', why: 'too_long', status }
    const json = objectOf(text)
    return json ? { ok: true, status, json } : { ok: false, at: 'service', why: 'not_json', status }
  } catch (error) {
    const why = reasonOf(error)
    // What broke off within an answer has passed the network's hurdles.
    return status > 0 ? { ok: false, at: 'service', why, status } : { ok: false, at: 'network', why }
  }
}

/** Stops reading where no answer of the portal would still go on. */
async function readText(response: Response): Promise<string | null> {
  const decoder = new TextDecoder()
  let text = ''
  if (!response.body) return text
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > longestAnswer) return null
  }
  return text
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'connection'
  if (error.name === 'TimeoutError') return 'timeout'
  // `fetch` says the reason in its error's cause, whose code is the system's or OpenSSL's.
  const code = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : ''
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns'
  if (/CERT|TLS|SSL|SIGNATURE/.test(code)) return 'tls'
  return /TIMEDOUT|TIMEOUT/.test(code) ? 'timeout' : 'connection'
}
