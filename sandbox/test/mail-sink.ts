import { afterAll } from 'vitest'
import { openMailSink } from '@/sandbox/mail-sink'

/** A mail server of a test's own. */
export async function startMailSink() {
  const sink = await openMailSink()
  afterAll(sink.close)
  return sink
}
