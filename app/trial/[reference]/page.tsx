import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { notFound } from 'next/navigation'
import { after } from 'next/server'
import { currentLanguage, currentSession, currentTranslator } from '@/app/_request/session'
import { AddressField } from '@/components/address-field'
import { ActionForm, TextField } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { type OfferedProduct, offeredProducts } from '@/lib/catalog/offered'
import type { Translate } from '@/lib/messages/translator'
import type { Session } from '@/lib/people/session'
import { countVisit } from '@/lib/trials/visits'
import { signUp } from '../actions'
import { Price } from '../price'
import { TimeZone } from '../time-zone'

interface Props {
  params: Promise<{ reference: string }>
}

async function productNamed({ params }: Props): Promise<OfferedProduct> {
  const { reference } = await params
  const product = (await offeredProducts()).find((one) => one.reference === reference)
  return product && !product.openSource ? product : notFound()
}

export async function generateMetadata(props: Props): Promise<Metadata> {
  const t = await currentTranslator()
  return { title: t('trials.confirm.title', { product: (await productNamed(props)).name }) }
}

/** What a stranger says of themselves, so that their trial can begin. */
export default async function SignUpPage(props: Props) {
  const product = await productNamed(props)
  const [t, language, session] = [await currentTranslator(), await currentLanguage(), await currentSession()]
  const browser = (await headers()).get('user-agent') ?? ''
  after(() => countVisit(product.reference, browser))
  const { name, description, trialDays } = product
  return (
    <>
      <PageHead title={t('trials.confirm.title', { product: name })} sentence={description[language]} />
      {trialDays === null ? (
        <Notice tone="calm" silent>
          {t('errors.no_trial', { product: name })}
        </Notice>
      ) : (
        <>
          <ul className="bullets mb-4">
            <li>{t('stranger.days', { days: trialDays })}</li>
            <li>{t('trials.confirm.free')}</li>
            <li>
              {t('stranger.then')} <Price product={product} language={language} t={t} />
            </li>
          </ul>
          <SignUp t={t} product={product} session={session} />
        </>
      )}
      <p className="mt-5">
        <LinkButton variant="quiet" icon="arrow-left" href="/trial">
          {t('stranger.back')}
        </LinkButton>
      </p>
    </>
  )
}

interface SignUpProps {
  t: Translate
  product: OfferedProduct
  session: Session | null
}

function SignUp({ t, product, session }: SignUpProps) {
  if (session?.staff)
    return (
      <Notice tone="calm" silent>
        {t('stranger.outcome.staff', { email: session.email })}
      </Notice>
    )
  const [first] = session?.memberships ?? []
  if (first)
    return (
      <>
        <p className="mb-4">{t('stranger.outcome.member', { organization: first.name })}</p>
        <LinkButton variant="primary" href={`/${first.slug}/trials?try=${product.id}`}>
          {t('stranger.go_there', { organization: first.name })}
        </LinkButton>
      </>
    )
  return (
    <ActionForm action={signUp} hidden={{ productId: product.id }}>
      {session ? <p>{t('stranger.as', { email: session.email })}</p> : <Email t={t} />}
      <TextField
        name="organizationName"
        label={t('stranger.field.organization')}
        hint={t('stranger.field.organization_hint')}
        autoComplete="organization"
        maxLength={200}
        required
      />
      {!product.everywhere && (
        <AddressField
          label={t('stranger.field.url')}
          hint={t('stranger.field.url_hint')}
          compared={t('instances.field.url_compared')}
          warnings={{ look_alike: t('instances.field.url_look_alike') }}
        />
      )}
      <TimeZone />
      <SubmitButton variant="primary" icon={session ? 'flask-conical' : 'mail'} pendingText={t('shell.busy')}>
        {t(session ? 'trials.confirm.submit' : 'stranger.submit')}
      </SubmitButton>
    </ActionForm>
  )
}

const Email = ({ t }: { t: Translate }) => (
  <TextField
    name="email"
    type="email"
    label={t('stranger.field.email')}
    hint={t('stranger.field.email_hint')}
    autoComplete="email"
    maxLength={254}
    required
  />
)
