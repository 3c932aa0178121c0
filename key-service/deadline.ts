import type { FastifyReply } from 'fastify'
import { silentFor } from '@/db/client'
import { Unavailable } from '@/lib/errors'

/** Milliseconds. Together they leave room below the two seconds within which an outage is told, on a busy machine as well. */
const patience = { whole: 1_400, silence: 300 }

/**
 * Answers 503 where a call has waited for long enough and the database says nothing. Each wait for it has an end of its own
 * (db/client.ts), but a call may wait for a connection, then for a statement, then for the next one: this is the end of the
 * sum, from its arrival. While the database answers others, a call that stands in line behind a thousand goes on.
 */
export function answerInTime(reply: FastifyReply) {
  const look = () => {
    if (reply.sent) return
    const quiet = silentFor()
    if (quiet >= patience.silence) reply.send(new Unavailable('database'))
    else timer = setTimeout(look, patience.silence - quiet)
  }
  let timer = setTimeout(look, patience.whole)
  reply.raw.once('close', () => clearTimeout(timer))
}
