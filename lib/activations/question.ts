import { z } from 'zod'
import { InvalidInput } from '@/lib/errors'
import { Address, GlpiVersion } from '@/lib/instances/input'
import type { Question } from './diagnosis'
import { installationIdPattern } from './installation-id'

const words = z.string().trim().default('')

/** What the check page's form sends. All but what was pasted may be left empty. */
const Form = z.object({
  pasted: z.string().default(''),
  url: z.preprocess((url) => (typeof url === 'string' && url.trim()) || undefined, Address.optional()),
  glpiVersion: GlpiVersion,
  // As the API takes it: any other is no installation there either.
  installationId: words.pipe(
    z.union([z.literal(''), z.string().regex(installationIdPattern, 'installation_id')]),
  ),
  product: words.pipe(z.string().max(100, 'too_long')),
  productVersion: words.pipe(z.string().max(50, 'too_long')),
  kind: z.enum(['', 'subscription', 'trial', 'permanent']).catch(''),
})

/** Reads the form's fields. @throws InvalidInput, by the name of the field */
export function readQuestion(fields: Record<string, unknown>): Question {
  const result = Form.safeParse(fields)
  if (!result.success) throw new InvalidInput(mistakesIn(result.error))
  const { pasted, url, glpiVersion, installationId, product, productVersion, kind } = result.data
  return {
    pasted,
    ...(url && { url: url.url, address: url.identity }),
    glpiVersion: glpiVersion ?? undefined,
    installationId: installationId || undefined,
    product: product || undefined,
    productVersion: productVersion || undefined,
    kinds: kind ? [kind] : undefined,
  }
}

const mistakesIn = ({ issues }: z.ZodError) =>
  Object.fromEntries(issues.map(({ path, message }) => [path.join('.'), message]))
