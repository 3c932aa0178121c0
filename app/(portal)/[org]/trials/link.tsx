import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongWords } from '@/components/ui/long-names'
import { Section } from '@/components/ui/panel'
import { may } from '@/lib/access'
import type { TrialOffer } from '@/lib/trials/offers'

/** To what can be tried, for who may begin a trial. */
export function TryLink({ visit: { t, organization } }: { visit: Visit }) {
  if (!may(organization.role, 'trial.start')) return null
  return (
    <LinkButton icon="flask-conical" href={`/${organization.slug}/trials`}>
      {t('trials.link')}
    </LinkButton>
  )
}

interface Props {
  visit: Visit
  offers: readonly TrialOffer[]
}

/** What can be tried on an instance: each leads to where it is begun. */
export function CanBeTried({ visit: { t, organization }, offers }: Props) {
  const free = offers.filter(({ places }) => places.some(({ instance, verdict }) => instance && verdict.ok))
  if (free.length === 0 || !may(organization.role, 'trial.start')) return null
  return (
    <Section title={t('trials.here')} note={t('trials.here_note')}>
      <ul className="row">
        {free.map(({ product: { id, name } }) => (
          <li key={id}>
            <a
              className="link"
              href={`/${organization.slug}/trials?try=${id}`}
              aria-label={t('trials.try_label', { product: name })}
            >
              <LongWords>{name}</LongWords>
            </a>
          </li>
        ))}
      </ul>
    </Section>
  )
}

/** Beside what can be bought: that it can be tried first. */
export function TryFirst({ visit: { t, organization }, offers, productId }: Props & { productId: string }) {
  const offer = offers.find(({ product }) => product.id === productId)
  if (!offer?.places.some(({ verdict }) => verdict.ok) || !may(organization.role, 'trial.start')) return null
  return (
    <small>
      <a
        className="link"
        href={`/${organization.slug}/trials?try=${productId}`}
        aria-label={t('trials.first_label', { product: offer.product.name })}
      >
        {t('trials.first')}
      </a>
    </small>
  )
}
