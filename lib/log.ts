import { pino } from 'pino'
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

/** The log: one JSON line per event on standard output, without secrets. */
export const log = pino({
  // A wrong one is refused at the start by its name (lib/env.ts), which this must live to see.
  level: logLevels.find((level) => level === process.env.LOG_LEVEL?.trim()) ?? 'info',
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  redact: {
    paths: secretFields.flatMap((field) => [field, field.startsWith('[') ? `*${field}` : `*.${field}`]),
    censor: '[redacted]',
  },
})
