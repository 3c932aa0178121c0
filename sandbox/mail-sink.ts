import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export type ReceivedMail = { to: string[]; data: string }

/**
 * A mail server for who looks closely, or sends very many: it keeps each mail as it came, and can withhold its "taken", which is
 * the moment in which a sender does not know whether its mail went out. RFC 5321, no more of it than a sender asks for.
 */
export async function openMailSink() {
  const received: ReceivedMail[] = []
  const sockets = new Set<Socket>()
  const withheld: (() => void)[] = []
  let withholding = false
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A sender that is killed breaks its connection; that is what some tests do.
    socket.on('error', () => {})
    converse(socket, (mail, taken) => {
      received.push(mail)
      if (withholding) withheld.push(taken)
      else taken()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Listening on a port, so its address is no path.
  const { port } = server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    /** From now on mails are kept, but their senders hear nothing. */
    withhold: () => {
      withholding = true
    },
    /** Answers those who wait, and all to come. */
    answer: () => {
      withholding = false
      for (const taken of withheld.splice(0)) taken()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function converse(socket: Socket, receive: (mail: ReceivedMail, taken: () => void) => void) {
  const say = (line: string) => void (socket.writable && socket.write(`${line}\r\n`))
  let buffer = ''
  let to: string[] = []
  let inData = false
  say('220 sink')
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    buffer += chunk
    for (;;) {
      const end = inData ? '\r\n.\r\n' : '\r\n'
      const at = buffer.indexOf(end)
      if (at < 0) return
      const part = buffer.slice(0, at)
      buffer = buffer.slice(at + end.length)
      if (inData) {
        inData = false
        receive({ to, data: part.replaceAll('\r\n..', '\r\n.') }, () => say('250 taken'))
        continue
      }
      const command = part.slice(0, 4).toUpperCase()
      if (command === 'MAIL') to = []
      if (command === 'RCPT') to = [...to, /<(.*?)>/.exec(part)?.[1] ?? '']
      inData = command === 'DATA'
      say(inData ? '354 go on' : command === 'QUIT' ? '221 bye' : '250 ok')
    }
  })
}
