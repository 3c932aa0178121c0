import type { FastifyReply, FastifyRequest } from 'fastify'
import { openArchive, signedAddress } from '@/lib/catalog/archives'
import { now } from '@/lib/clock'

/** Sends an archive, or the part of it that is asked for; or where it is fetched, where it is elsewhere. */
export async function sendArchive(name: string, request: FastifyRequest, reply: FastifyReply) {
  const elsewhere = signedAddress(name, now())
  if (elsewhere) return reply.redirect(elsewhere, 302)
  // Its time was over before (deadline.ts): nobody would close the file.
  if (reply.sent) return reply
  const file = await openArchive(name)
  const part = partOf(request.headers, file.size)
  reply
    .type(file.type)
    .header('Accept-Ranges', 'bytes')
    .header('Content-Disposition', `attachment; filename="${name}"`)
  if (part === 'none' || request.method === 'HEAD') await file.close()
  if (part === 'none') return reply.code(416).header('Content-Range', `bytes */${file.size}`).send()
  const { first, last } = part ?? { first: 0, last: file.size - 1 }
  if (part) reply.code(206).header('Content-Range', `bytes ${first}-${last}/${file.size}`)
  reply.header('Content-Length', last - first + 1)
  return reply.send(request.method === 'HEAD' ? undefined : file.read(first, last))
}

/** RFC 9110, 14.2: one range is served; several, or one in another unit, are not looked at. `none`: it lies past the end. */
function partOf({ range, 'if-range': condition }: FastifyRequest['headers'], size: number) {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? '') ?? []
  // An archive has nothing by which a condition could be met.
  if (condition || (from === '' && to === '')) return null
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (from !== '' && to !== '' && Number(to) < first) return null
  return first > last ? 'none' : { first, last }
}
