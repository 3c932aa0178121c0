/** What a token looks like; anything else is looked up nowhere. */
export const isToken = (text: unknown): text is string => typeof text === 'string' && /^[\w-]{43}$/.test(text)

/** Where an invitation is looked at. */
export const invitationAddress = (token: unknown): string =>
  isToken(token) ? `/invitation?token=${token}` : '/invitation'
