import { z } from 'zod'
import { InvalidInput } from '@/lib/errors'
import { Address, GlpiVersion } from '@/lib/instances/input'
import { holdsKey } from '@/lib/keys/format'
import { beginsAsKey } from '@/lib/keys/mistyped'
import { tokenPattern } from '@/lib/organizations/rules'
import type { Question } from './diagnosis'
import { installationIdPattern } from './installation-id'

/** What the answer says again, or asks others about: no key belongs in it, nor one that is mistyped. */
const words = (mistake: string) =>
  z
    .string()
    .trim()
    .default('')
    .refine((said) => !holdsKey(said) && !beginsAsKey(said), mistake)

/** What the check page's form sends. All but what was pasted may be left empty. */
const Form = z.object({
  pasted: z.string().default(''),
  url: z.preprocess((url) => (typeof url === 'string' && url.trim()) || undefined, Address.optional()),
  glpiVersion: GlpiVersion,
  // As the API takes it: any other is no installation there either.
  installationId: words('installation_key').pipe(
    z.union([z.literal(''), z.string().regex(installationIdPattern, 'installation_id')]),
  ),
  product: words('invalid').pipe(z.string().max(100, 'too_long')),
  productVersion: words('version_key').pipe(z.string().max(50, 'too_long')),
  kind: z.enum(['', 'subscription', 'trial', 'permanent']).catch(''),
})

/** Reads the form's fields. @throws InvalidInput, by the name of the field */
export function readQuestion(fields: Record<string, unknown>): Question {
  const ofTokens = Object.entries(fields).flatMap(([name, said]) =>
    name !== 'pasted' && tokenPattern.test(String(said)) ? [[name, 'token']] : [],
  )
  if (ofTokens.length > 0) throw new InvalidInput(Object.fromEntries(ofTokens))
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
