import { z } from 'zod'

/** An e-mail address as people type it: it is the same however it is written. */
export const Email = z
  .string('required')
  .trim()
  .max(254, 'email')
  .pipe(z.email('email'))
  .transform((email) => email.toLowerCase())
