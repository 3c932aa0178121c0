// What the sandbox uses of maildev, which brings no types.
declare module 'maildev' {
  import type { EventEmitter } from 'node:events'
  import type { Server } from 'node:net'

  type Mailserver = Pick<EventEmitter, 'on'> & {
    store: { id: string }[]
    smtp: { options: { disableReverseLookup: boolean }; listen(port: number, host: string): Server }
    deleteEmail(id: string, done: () => void): void
  }

  export default class MailDev implements Mailserver {
    constructor(options: { smtp: number; web: number; ip: string; mailDirectory: string; silent: boolean })
    on: Mailserver['on']
    store: Mailserver['store']
    smtp: Mailserver['smtp']
    deleteEmail: Mailserver['deleteEmail']
  }
}
