import { isLoopback } from '@/lib/env'

/**
 * What shows that an environment is a real portal's: there made-up customers, a clock that can be moved and a mail server
 * that delivers nowhere have no place.
 * @returns undefined where nothing does.
 */
export function realSetting(variables: Record<string, string | undefined>): string | undefined {
  if (variables.NODE_ENV?.trim() === 'production') return 'NODE_ENV is production'
  const url = variables.PUBLIC_URL?.trim()
  if (!url || (URL.canParse(url) && isLoopback(new URL(url).hostname))) return undefined
  return `PUBLIC_URL is ${url}`
}
