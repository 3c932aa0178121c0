import { randomUUID } from 'node:crypto'
import { refresh } from 'next/cache'
import { headers } from 'next/headers'
import { unstable_rethrow } from 'next/navigation'
import { type FormState, valuesOf } from '@/components/form-state'
import { isStaffRole, type Permission } from '@/lib/access'
import { noteUnavailable } from '@/lib/answer'
import type { By, VendorBy } from '@/lib/command'
import { env } from '@/lib/env'
import { DomainError, Forbidden, InvalidInput, NotFound, Unavailable } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { log } from '@/lib/log'
import { type Language, type Translate, translator } from '@/lib/messages/translator'
import type { Membership, Session } from '@/lib/people/session'
import { attempted } from './attempt'
import { fieldSentence, sentence } from './sentence'
import { browsersLanguage, currentLanguage, currentSession, organizationNamed, signInHere } from './session'
import { forbiddenSentence } from './whom-to-ask'

export interface Acting {
  session: Session
  organization: Membership
  /** Who asks, where, and under which idempotency key (the form's hidden field). */
  by: By
  t: Translate
}

/**
 * Runs a command for a member's form. The form says in its hidden field `organization` which one it is about; the
 * command checks whether this person may.
 * @param action the command's permission, for the record when it is not even asked.
 * @param run returns the sentence to show in place, with what else the page needs, or redirects.
 */
export function act<Data = null>(
  action: Permission,
  form: FormData,
  run: (acting: Acting) => Promise<{ message: string; data: Data }>,
): Promise<FormState<Data>> {
  return answerSignedIn<Data>(form, action, async (session, t) => {
    const organization = await organizationOf(action, form, session)
    const by = actingAs(session, organization, form)
    try {
      return { status: 'done', ...(await run({ session, organization, by, t })) }
    } catch (error) {
      if (error instanceof Forbidden) return failure(form, await forbiddenSentence(error, organization, t))
      throw error
    }
  })
}

type RunOutside = (acting: { session: Session; by: VendorBy; t: Translate }) => Promise<FormState>

/** The same for a form of the vendor's own pages, which speaks of no organization or of one that is yet to be. */
export function actAsStaff(action: Permission, form: FormData, run: RunOutside): Promise<FormState> {
  return answerSignedIn(form, action, async (session, t) => {
    if (!session.staff) {
      await attempted(action, session.personId, 'not_found')
      throw new NotFound('page')
    }
    return run({ session, by: outsideAs('staff', session, form), t })
  })
}

/** The same for what concerns the person who is signed in, in whatever organization: the account. */
export function actAsPerson(action: Permission, form: FormData, run: RunOutside): Promise<FormState> {
  return answerSignedIn(form, action, (session, t) =>
    run({ session, by: outsideAs('person', session, form), t }),
  )
}

/** The same for what one can do without being signed in. */
export function actAlone<Data = null>(
  action: Permission | null,
  form: FormData,
  run: (acting: { session: Session | null; t: Translate }) => Promise<FormState<Data>>,
): Promise<FormState<Data>> {
  return answer<Data>(form, action, async (t) => run({ session: await currentSession(), t }))
}

function answerSignedIn<Data = null>(
  form: FormData,
  action: Permission,
  run: (session: Session, t: Translate) => Promise<FormState<Data>>,
): Promise<FormState<Data>> {
  return answer<Data>(form, action, async (t) => {
    const session = await currentSession()
    return session ? run(session, t) : signedOut(form, action, t)
  })
}

async function signedOut(form: FormData, action: Permission, t: Translate) {
  await attempted(action, null, 'signed_out')
  const link = { text: t('errors.sign_in_again'), href: await signInHere() }
  return { ...failure(form, t('errors.signed_out')), link }
}

/** @throws NotFound, recorded, when the form names an organization that is not this person's. */
export async function organizationOf(
  action: Permission,
  form: FormData,
  session: Session,
): Promise<Membership> {
  const organization = await organizationNamed(String(form.get('organization')), session)
  if (organization) return organization
  await attempted(action, session.personId, 'not_found')
  throw new NotFound('organization')
}

export function actingAs(session: Session, organization: Membership, form: FormData): By {
  return {
    actor: { kind: isStaffRole(organization.role) ? 'staff' : 'member', personId: session.personId },
    organizationId: organization.organizationId,
    ...identityOf(form),
  }
}

const outsideAs = (kind: 'staff' | 'person', { personId }: Session, form: FormData): VendorBy => ({
  actor: { kind, personId },
  ...identityOf(form),
})

function identityOf(form: FormData) {
  const key = form.get('idempotencyKey')
  return isId(key) ? { idempotencyKey: key } : {}
}

/**
 * Whether a form was sent by the portal's own page. Next compares Origin with a Host header that the sender may forge,
 * and lets a request without Origin pass: the portal's own address is the measure here.
 */
export async function fromOwnPage(): Promise<boolean> {
  return (await headers()).get('origin') === env().PUBLIC_URL
}

export function failure(
  form: FormData,
  message: string,
  fields: Record<string, string> = {},
): Extract<FormState, { status: 'failed' }> {
  return { status: 'failed', message, fields, values: valuesOf(form) }
}

/** @param action what is tried, for the record; null for what nobody keeps but the browser. */
async function answer<Data>(
  form: FormData,
  action: Permission | null,
  run: (t: Translate) => Promise<FormState<Data>>,
): Promise<FormState<Data>> {
  // Whose language it is stands in the database, which may be what fails.
  const language = await currentLanguage().catch(browsersLanguage)
  const t = translator(language)
  // Whoever calls an action without its page can send anything in a form's place.
  if (!(form instanceof FormData)) return failure(new FormData(), t('errors.invalid_input'))
  refreshUnless(form, language)
  try {
    if (!(await fromOwnPage())) {
      // Not the person whose cookie came along: it may be what another site made their browser send.
      if (action) await attempted(action, null, 'wrong_origin')
      return failure(form, t('errors.wrong_origin', { url: env().PUBLIC_URL }))
    }
    return await run(t)
  } catch (error) {
    unstable_rethrow(error)
    return explain(form, error, t)
  }
}

/**
 * Where another tab has changed the language since, the page is made anew with the answer, so that it is wholly in one.
 * Without JavaScript the form does not say what its page spoke, and the answer is a whole page.
 */
function refreshUnless(form: FormData, language: Language) {
  const spoken = form.get('spoken')
  if (spoken && spoken !== language) refresh()
}

/** What is said of one field, where the form has it. */
const fieldOf: Partial<Record<string, string>> = {
  address_taken: 'url',
  needs_instance: 'instanceId',
  needs_no_instance: 'instanceId',
  needs_admin_second_key: 'instanceId',
}

/** To the payment that is in the way. */
function wayOn(form: FormData, { facts }: DomainError, t: Translate) {
  const { checkoutId } = facts
  if (!isId(checkoutId)) return {}
  const href = `/${String(form.get('organization'))}/billing/checkouts/${checkoutId}`
  return { link: { text: t('billing.see'), href } }
}

const outdated: readonly string[] = ['price_changed', 'being_paid']

function explain(form: FormData, error: unknown, t: Translate) {
  // The page is made anew with the answer, or each further click would send the old price, or what another pays, again.
  if (error instanceof DomainError && outdated.includes(error.code)) refresh()
  if (error instanceof Unavailable) noteUnavailable(Number(error.facts.retryAfterSeconds))
  // No field that one sees: the page is another than the one that was sent.
  if (error instanceof InvalidInput && 'idempotencyKey' in error.fields)
    return failure(form, t('errors.out_of_date'))
  if (error instanceof InvalidInput) {
    const fields = Object.entries(error.fields).map(([name, code]) => [name, fieldSentence(code, t)])
    return failure(form, t('errors.invalid_input'), Object.fromEntries(fields))
  }
  const field = error instanceof DomainError ? fieldOf[error.code] : undefined
  if (error instanceof DomainError && field && form.has(field))
    return failure(form, t('errors.invalid_input'), { [field]: sentence(error, t) })
  if (error instanceof DomainError) return { ...failure(form, sentence(error, t)), ...wayOn(form, error, t) }
  const reference = randomUUID().slice(0, 8)
  log.error({ err: error, reference }, 'an action failed in a way that nobody foresaw')
  return failure(form, t('errors.unexpected', { reference }))
}
