import { z } from 'zod'
import { parseGlpiVersion } from '@/lib/catalog/rules'
import { findKeys } from '@/lib/keys/format'
import { oneLine } from '@/lib/one-line'
import { parseInstanceUrl } from './url'

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** An instance's name. */
export const Label = z
  .string('required')
  .transform(oneLine)
  .pipe(z.string().min(1, 'required').max(200, 'too_long'))

export const Address = z.string('required').transform((text, context) => {
  // An address is shown, compared and recorded: nobody's key belongs in it.
  if (findKeys(decoded(text)).length > 0) {
    context.addIssue({ code: 'custom', message: 'url_key' })
    return z.NEVER
  }
  const parsed = parseInstanceUrl(text)
  if (parsed.ok) return { url: parsed.url, identity: parsed.identity }
  context.addIssue({ code: 'custom', message: `url_${parsed.because}` })
  return z.NEVER
})

/** Empty means not known. */
export const GlpiVersion = z
  .string()
  .max(50, 'too_long')
  .default('')
  .transform((text, context) => {
    if (!text.trim()) return null
    const version = parseGlpiVersion(text)
    if (!version) context.addIssue({ code: 'custom', message: 'glpi_version' })
    return version
  })
