import type { Permission } from '@/lib/access'
import { isFirstAttempt } from '@/lib/answer'
import { recordAttempt } from '@/lib/command'

/**
 * Records that somebody asked for what is not theirs, once per request: a page and its title ask alike, and after a form
 * that was sent without JavaScript its page does.
 * @param personId null where nobody has signed in, or it is not sure that the person meant it.
 */
export async function attempted(
  action: Permission,
  personId: string | null,
  because: Parameters<typeof recordAttempt>[2],
) {
  if (isFirstAttempt()) await recordAttempt(action, personId, because)
}
