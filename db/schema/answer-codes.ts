/** What was asked, as the history names it. */
export const askedFor = [
  ...(['validate', 'activate', 'refresh', 'give_back'] as const),
  ...(['registration', 'marketplace', 'download', 'offline_file'] as const),
]

/**
 * What was answered: a verdict, or, whatever else is right with the key, that it has no such activation (any more), that the
 * GLPI does not say which one it is, or that it does not prove that the activation which it gives back is its own.
 */
export const answerCodes = [
  ...([
    'ok',
    'malformed',
    'unknown',
    'wrong_product',
    'wrong_kind',
    'not_started',
    'expired',
    'revoked',
  ] as const),
  ...(['bound_elsewhere', 'unknown_activation', 'no_installation', 'secret_needed'] as const),
]
