import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { products } from '@/db/schema/catalog'
import { people } from '@/db/schema/people'
import { trialSignUps } from '@/db/schema/trials'
import type { SystemTx } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { Email } from '@/lib/email'
import { InvalidInput, NotFound, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { Address } from '@/lib/instances/input'
import { holdsKey } from '@/lib/keys/format'
import { oneLine } from '@/lib/one-line'
import { timeZones } from '@/lib/organizations/create'
import { confirmSignUp } from '@/lib/people/confirm-sign-up'
import { mailLimits, networkHmac, writeSignIn } from '@/lib/people/write-sign-in'
import { isDisposable } from './mail-domain'

const signUpHours = 24

const SignUp = z.object({
  productId: z.uuid('not_found'),
  /** Of who has signed in, their own is taken. */
  email: Email.refine((email) => !isDisposable(email), 'email_disposable'),
  organizationName: z
    .string('required')
    .transform(oneLine)
    .pipe(z.string().min(1, 'required').max(200, 'too_long'))
    .refine((name) => !holdsKey(name), 'name_key'),
  /** Null for a product that is the whole organization's. */
  url: Address.nullable(),
  language: z.enum(['en', 'fr']),
  /** The browser's; one that is not known is as good as none. */
  timeZone: z
    .string()
    .nullable()
    .transform((zone) => (zone && timeZones.has(zone) ? zone : null)),
  browser: z.string().min(40),
  networkAddress: z.string(),
})

/**
 * Notes that somebody asks for a trial, and mails them what confirms their address. Whatever address, domain or URL it is, the
 * very same is done and answered: before it is confirmed nobody learns who is a customer. Who has signed in has confirmed theirs.
 * @returns whether it is confirmed
 * @throws InvalidInput; NotFound; Refused `open_source`, `withdrawn` or `no_trial`, or `too_many` as for signing in
 */
export const signUpForTrial = vendorCommand(
  'trial.sign_up',
  SignUp,
  async ({ tx, now, personId, audit }, asked) => {
    const { productId, organizationName, url, language, timeZone, browser, networkAddress } = asked
    const product = await productToTry(tx, productId)
    if (!product.everywhere && !url) throw new InvalidInput({ url: 'url_empty' })
    const email = personId ? await emailOf(tx, personId) : asked.email
    const id = newId(now)
    await tx.insert(trialSignUps).values({
      ...{ id, productId, email, organizationName, language, timeZone },
      url: product.everywhere ? null : (url?.url ?? null),
      network: networkHmac(networkAddress),
      createdAt: now,
      expiresAt: new Date(now.getTime() + signUpHours * 3_600_000),
    })
    if (personId) await confirmSignUp(tx, { trialSignUpId: id, personId, now })
    else await writeSignIn(tx, { email, browser, returnTo: null, language, trialSignUpId: id }, now)
    audit({ details: { signUp: id, product: product.name } })
    return { signUpId: id, confirmed: personId !== null }
  },
  { limits: ({ email, networkAddress }) => mailLimits(email, networkAddress) },
)

async function productToTry(tx: SystemTx, productId: string) {
  const [product] = await tx.select().from(products).where(eq(products.id, productId))
  if (!product) throw new NotFound('product')
  const { name, openSource, withdrawnAt, trialDays, binding } = product
  if (openSource) throw new Refused('open_source', { product: name })
  if (withdrawnAt) throw new Refused('withdrawn', { product: name })
  if (!trialDays) throw new Refused('no_trial', { product: name })
  return { name, everywhere: binding === 'organization' }
}

async function emailOf(tx: SystemTx, personId: string): Promise<string> {
  const [person] = await tx.select({ email: people.email }).from(people).where(eq(people.id, personId))
  if (!person) throw new NotFound('person')
  return person.email
}
