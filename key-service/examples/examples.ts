import { activations } from './activations'
import { type Example, problem } from './example'
import { programs, service } from './others'

/** By the operations' IDs. */
export const examples: Record<string, readonly Example[]> = { ...activations, ...programs, ...service }

/** What any operation answers that has these statuses. */
export const errors: readonly Example[] = [
  {
    name: 'too_many',
    summary: 'Asked too often',
    ...problem(429, 'Too Many Requests', 'too_many'),
  },
  {
    name: 'unavailable',
    summary: 'The service cannot answer',
    ...problem(503, 'Service Unavailable', 'unavailable'),
  },
]

/** What any operation answers that takes a body. */
export const bodyErrors: readonly Example[] = [
  {
    name: 'invalid_json',
    summary: 'A body that is no JSON',
    ...problem(400, 'Bad Request', 'invalid_json'),
  },
  {
    name: 'too_large',
    summary: 'A body of more than 16 kB',
    ...problem(413, 'Payload Too Large', 'too_large'),
  },
  {
    name: 'unsupported_media_type',
    summary: 'A body of another type',
    ...problem(415, 'Unsupported Media Type', 'unsupported_media_type'),
  },
]
