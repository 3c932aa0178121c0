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
