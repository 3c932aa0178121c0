import { z } from 'zod'
import { parseGlpiVersion } from '@/lib/catalog/rules'
import { holdsKey } from '@/lib/keys/format'
import { oneLine } from '@/lib/one-line'
import { parseInstanceUrl } from './url'

/** An instance's name. */
export const Label = z
  .string('required')
  .transform(oneLine)
  .pipe(z.string().min(1, 'required').max(200, 'too_long'))

export const Address = z.string('required').transform((text, context) => {
  // An address is shown, compared and recorded: nobody's key belongs in it.
  if (holdsKey(text)) {
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
