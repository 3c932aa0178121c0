import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { daysLeft, lastDay } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

interface TrialMail {
  to: string
  language: Language
  /** The organization's name. */
  name: string
  slug: string
  /** The organization's, in which trials end. */
  timeZone: string
  trial: {
    id: string
    shortId: string
    product: string
    instance: string | null
    endsAt: Date
    onExpiry: 'read_only' | 'trial_mode' | 'disabled'
    freeFeatures: string[]
  }
}

const spaced = { margin: '0 0 12px' }

/** Tells that a trial has begun, and where its key is. No key is in it. */
export async function trialBegunMail(mail: TrialMail) {
  const { to, language, slug, trial } = mail
  const t = translator(language)
  const facts = factsOf(mail)
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.trial_begun.title', facts)} kind="trials">
      <Text style={spaced}>{t('mail.trial_begun.text', facts)}</Text>
      <Text style={spaced}>{t('mail.trial_begun.free')}</Text>
      <Text style={spaced}>{endText(mail, 'end')}</Text>
      <MailButton href={`${env().PUBLIC_URL}/${slug}/trials?begun=${trial.id}`}>
        {t('mail.trial_begun.button')}
      </MailButton>
    </MailLayout>,
  )
  return { subject: t('mail.trial_begun.subject', { product: forSubject(trial.product) }), ...rendered }
}

interface TrialEnds extends TrialMail {
  /** Days before the end; 0: it has ended. */
  mark: 7 | 1 | 0
  /** Whether it can be bought in the portal at all. */
  sells: boolean
  /** When it is sent. */
  at: Date
}

/** Tells that a trial ends soon or has ended, what its plugin does then, and how it goes on. */
export async function trialEndsMail(mail: TrialEnds) {
  const { to, language, slug, timeZone, trial, mark, sells, at } = mail
  const t = translator(language)
  const facts = { ...factsOf(mail), mark: String(mark), days: daysLeft(trial.endsAt, at, timeZone) }
  const { SUPPORT_EMAIL, PUBLIC_URL } = env()
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.trial_ends.title', facts)} kind="trials">
      <Text style={spaced}>{t('mail.trial_ends.text', facts)}</Text>
      <Text style={spaced}>{endText(mail, mark === 0 ? 'ended' : 'end')}</Text>
      <Text style={spaced}>
        {t('mail.trial_ends.keep', { ...facts, sells: sells ? 'yes' : 'no', support: SUPPORT_EMAIL })}
      </Text>
      <MailButton href={`${PUBLIC_URL}/${slug}/trials`}>{t('mail.trial_ends.button')}</MailButton>
    </MailLayout>,
  )
  const subject = t('mail.trial_ends.subject', { ...facts, product: forSubject(trial.product) })
  return { subject, ...rendered }
}

function factsOf({ language, name, timeZone, trial }: TrialMail) {
  const t = translator(language)
  return {
    organization: name,
    product: trial.product,
    instance: trial.instance ?? t('billing.everywhere'),
    shortId: trial.shortId,
    until: lastDay(trial.endsAt, language, timeZone),
  }
}

const endText = (
  { language, trial: { product, onExpiry, freeFeatures } }: TrialMail,
  when: 'end' | 'ended',
) =>
  translator(language)(`trials.${when}.${onExpiry}`, { product, features: freeFeatures.join(', ') || 'none' })
