import { type LoggerOptions, pino } from 'pino'
import { logLevels } from '@/lib/env'

const secretFields = [
  'key',
  'code',
  'link',
  'token',
  'secret',
  'password',
  'cookie',
  'authorization',
  '["set-cookie"]',
  '["x-registration-key"]',
]

// Whoever reads what is printed may be gone. Unheard, the error would end the process, or, where somebody prints what went
// unheard, come again and again; and pino's own output would try its last line for ever.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const options = {
  // A wrong one is refused at the start by its name (lib/env.ts), which this must live to see.
  level: logLevels.find((level) => level === process.env.LOG_LEVEL?.trim()) ?? 'info',
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  redact: {
    paths: secretFields.flatMap((field) => [field, field.startsWith('[') ? `*${field}` : `*.${field}`]),
    censor: '[redacted]',
  },
} satisfies LoggerOptions

/** The log: one JSON line per event on standard output, without secrets. */
export const log = pino(options, { write: (line: string) => void process.stdout.write(line) })
