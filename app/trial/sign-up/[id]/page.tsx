import type { Metadata } from 'next'
import { notFound, redirect } from 'next/navigation'
import { currentTranslator, requireSession } from '@/app/_request/session'
import { OwnJoining } from '@/app/joining/own'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { isId } from '@/lib/ids'
import { type Translate, translator } from '@/lib/messages/translator'
import { joinRequestsOf } from '@/lib/organizations/requests'
import { type SignUp, signUpOf } from '@/lib/trials/sign-ups'
import { askToJoin, goOn } from '../../actions'

interface Props {
  params: Promise<{ id: string }>
}

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('stranger.outcome.title') }
}

/** Where a confirmed sign-up leads: on to the key, or what stands in its way and what to do. */
export default async function OutcomePage({ params }: Props) {
  const session = await requireSession()
  const { id } = await params
  const signUp = isId(id) ? await signUpOf(session.personId, id) : undefined
  if (!signUp) notFound()
  const t = translator(session.language)
  const at = now()
  const asked = (await joinRequestsOf(session.personId, at)).filter((one) => one.id === signUp.requestId)
  const { slug, outcome, productId } = signUp
  const belongs = session.memberships.some((one) => one.slug === slug)
  if (belongs && signUp.keyId) redirect(`/${slug}/trials?begun=${signUp.keyId}`)
  if (belongs && outcome !== 'own') redirect(`/${slug}/trials?try=${productId}`)
  if (belongs && signUp.begunAt && !waits(signUp)) redirect(`/${slug}/trials`)
  return (
    <>
      <PageHead title={t('trials.confirm.title', { product: signUp.product })} />
      <What t={t} signUp={signUp} email={session.email} />
      <OwnJoining requests={asked} t={t} language={session.language} now={at} />
    </>
  )
}

const waits = ({ requestId, requestClosedAt }: SignUp) => requestId !== null && !requestClosedAt

interface WhatProps {
  t: Translate
  signUp: SignUp
  email: string
}

function What({ t, signUp, email }: WhatProps) {
  const { outcome, slug, organization, product } = signUp
  if (outcome === 'staff')
    return (
      <Notice tone="calm" silent>
        {t('stranger.outcome.staff', { email })}
      </Notice>
    )
  if (outcome === 'joins') return <Joins t={t} signUp={signUp} email={email} />
  if (outcome === 'own' && waits(signUp))
    return (
      <>
        <Notice tone="soon" silent>
          {t('stranger.outcome.waits', { product, vendor: env().VENDOR_NAME, email })}
        </Notice>
        <div className="row mt-4">
          <LinkButton href={`/${slug}`}>
            {t('members.join.open', { organization: organization ?? '' })}
          </LinkButton>
        </div>
      </>
    )
  return (
    <>
      <p className="mb-4">{t('stranger.outcome.broke_off', { product })}</p>
      <ActionForm action={goOn} hidden={{ signUpId: signUp.id }}>
        <SubmitButton variant="primary" icon="flask-conical" pendingText={t('shell.busy')}>
          {t('stranger.go_on')}
        </SubmitButton>
      </ActionForm>
    </>
  )
}

/** The organization that their domain belongs to, which they may ask to let them in. */
function Joins({ t, signUp, email }: WhatProps) {
  const { id, requestId } = signUp
  const organization = signUp.organization ?? ''
  const facts = { organization, email }
  if (requestId) return <p className="mb-4">{t('stranger.outcome.asked', facts)}</p>
  return (
    <>
      <p className="mb-4">{t('stranger.outcome.joins', facts)}</p>
      <p className="mb-4">{t('stranger.outcome.joins_how', facts)}</p>
      <ActionForm action={askToJoin} hidden={{ signUpId: id }}>
        <SubmitButton variant="primary" icon="mail" pendingText={t('shell.busy')}>
          {t('stranger.ask', facts)}
        </SubmitButton>
      </ActionForm>
    </>
  )
}
