import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

interface RequestMail {
  to: string
  language: Language
  request: {
    kind: 'join' | 'trial' | 'second_trial' | 'trial_time'
    slug: string
    organization: string
    asker: string
    email: string
    reason: string | null
    product: string | null
    instance: string | null
    shortId: string | null
  }
}

const spaced = { margin: '0 0 12px' }
const quoted = {
  ...spaced,
  paddingLeft: 12,
  borderLeft: '3px solid #8a8f98',
  whiteSpace: 'pre-line',
} as const

/** Tells staff that somebody asks them to decide something, or has replied to what they asked back. */
export async function requestAskedMail(mail: RequestMail & { reply: string | null }) {
  const { to, language, request, reply } = mail
  const t = translator(language)
  const facts = { ...factsOf(mail), who: who(request), replied: reply === null ? 'no' : 'yes' }
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.request_asked.title', facts)} kind="requests">
      <Text style={spaced}>{t('mail.request_asked.text', facts)}</Text>
      {(reply ?? request.reason) && <Text style={quoted}>{reply ?? request.reason}</Text>}
      <MailButton href={`${env().PUBLIC_URL}/staff/requests`}>{t('mail.request_asked.button')}</MailButton>
    </MailLayout>,
  )
  const subject = t('mail.request_asked.subject', {
    ...facts,
    organization: forSubject(request.organization),
  })
  return { subject, ...rendered }
}

/** Tells who asked for something what was answered. */
export async function requestAnsweredMail(
  mail: RequestMail & { state: 'approved' | 'declined' | 'asked_back'; note: string | null },
) {
  const { to, language, request, state, note } = mail
  const t = translator(language)
  const facts = { ...factsOf(mail), state }
  // Who has shown a key of it learns whose it is only when they are let in.
  if (request.kind === 'join' && request.shortId && state !== 'approved')
    facts.organization = t('mail.request_answered.of_key', { shortId: request.shortId })
  // Who asks to join has no page there yet, and what is declined leads nowhere there either.
  const place =
    request.kind === 'join' ? (state === 'approved' ? request.slug : 'account') : `${request.slug}/trials`
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.request_answered.title', facts)} kind="requests">
      <Text style={spaced}>{t('mail.request_answered.text', facts)}</Text>
      {note && <Text style={quoted}>{note}</Text>}
      <MailButton href={`${env().PUBLIC_URL}/${place}`}>
        {t('mail.request_answered.button', facts)}
      </MailButton>
    </MailLayout>,
  )
  const subject = t('mail.request_answered.subject', { ...facts, product: forSubject(facts.product) })
  return { subject, ...rendered }
}

function factsOf({ request: { kind, organization, product, instance, shortId } }: RequestMail) {
  const on = instance ?? 'none'
  return { kind, organization, product: product ?? '', instance: on, shortId: shortId ?? '' }
}

/** The name, which anybody may choose, never without the address. */
const who = ({ asker, email }: RequestMail['request']) => (asker === email ? email : `${asker} (${email})`)
