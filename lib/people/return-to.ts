import { openText } from '@/lib/keys/vault'

/**
 * Where a sign-in leads, which is stored sealed under its ID. Null also where it cannot be opened: signing in ends well
 * without it, and the secret of an old row may be gone, or the row be of the version before, which sealed nothing.
 */
export function openReturnTo({ id, returnTo }: { id: string; returnTo: string | null }): string | null {
  if (!returnTo) return null
  try {
    return openText(returnTo, id)
  } catch {
    return null
  }
}
