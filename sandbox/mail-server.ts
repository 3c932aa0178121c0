import MailDev from 'maildev'

// A process of its own, since maildev ends the process it runs in at the first Ctrl-C.

const [smtpPort, webPort, mailDirectory] = process.argv.slice(2)
if (!smtpPort || !webPort || !mailDirectory)
  throw new Error('Usage: mail-server <smtp port> <web port> <folder>')

const kept = 1000
const host = '127.0.0.1'

const server = new MailDev({
  smtp: Number(smtpPort),
  web: Number(webPort),
  ip: host,
  mailDirectory,
  silent: true,
})
// Everybody is this machine, and a name server that is not there is waited for with each mail.
server.smtp.options.disableReverseLookup = true
// Not its own listen(), which fails once it listens (2.2.0 names a variable that is not there).
server.smtp.listen(Number(smtpPort), host)
server.on('new', () => {
  const oldest = server.store[0]
  if (oldest && server.store.length > kept) server.deleteEmail(oldest.id, () => {})
})
