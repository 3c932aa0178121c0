import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { after } from 'next/server'
import { currentLanguage, currentTranslator } from '@/app/_request/session'
import { LinkButton, mailTo } from '@/components/ui/button'
import { Empty } from '@/components/ui/notice'
import { PageHead, Section } from '@/components/ui/panel'
import { type OfferedProduct, offeredProducts } from '@/lib/catalog/offered'
import { env } from '@/lib/env'
import type { Language, Translate } from '@/lib/messages/translator'
import { countVisit } from '@/lib/trials/visits'
import { Price } from './price'

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('stranger.title') }
}

/** The catalog for whoever comes by: what can be tried, what needs no key, and what it costs. */
export default async function CatalogPage() {
  const [t, language, offered] = [await currentTranslator(), await currentLanguage(), await offeredProducts()]
  const browser = (await headers()).get('user-agent') ?? ''
  after(() => countVisit(null, browser))
  const withKey = offered.filter(({ openSource }) => !openSource)
  const free = offered.filter(({ openSource }) => openSource)
  return (
    <>
      <PageHead
        title={t('stranger.title')}
        sentence={t('stranger.sentence', { vendor: env().VENDOR_NAME })}
        actions={
          <LinkButton variant="quiet" href="/sign-in">
            {t('people.ask.title')}
          </LinkButton>
        }
      />
      {withKey.length > 0 ? (
        <KeyTable products={withKey} language={language} t={t} />
      ) : (
        <Empty icon="flask-conical" title={t('trials.no_offers')}>
          {t('trials.no_offers_text')}
        </Empty>
      )}
      {free.length > 0 && <Free products={free} language={language} t={t} />}
    </>
  )
}

interface Props {
  products: OfferedProduct[]
  language: Language
  t: Translate
}

function KeyTable({ products, language, t }: Props) {
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('trials.head.product')}</th>
          <th scope="col">{t('billing.price')}</th>
          <th scope="col">
            <span className="sr-only">{t('trials.try_link')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {products.map((product) => (
          <tr key={product.id}>
            <td>
              <About product={product} language={language} t={t} />
            </td>
            <td>
              <Price product={product} language={language} t={t} />
            </td>
            <td className="act">
              <Try product={product} t={t} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface OneProps {
  product: OfferedProduct
  language: Language
  t: Translate
}

/** What it does, what is in it, and which GLPI it fits. */
function About({ product, language, t }: OneProps) {
  const { name, description, contains, newest, everywhere } = product
  return (
    <>
      <b>{name}</b>
      <small>{description[language]}</small>
      {contains.length > 0 && <small>{t('stranger.contains', { products: contains.join(', ') })}</small>}
      {newest && <small>{fitWords(newest, t)}</small>}
      {everywhere && <small>{t('stranger.everywhere')}</small>}
    </>
  )
}

function fitWords({ version, glpiMin: from, glpiMax }: NonNullable<OfferedProduct['newest']>, t: Translate) {
  const to = glpiMax === from ? 'same' : (glpiMax ?? 'none')
  return t('billing.buy.versions', { release: version, from, to })
}

function Try({ product: { name, reference, trialDays }, t }: Pick<OneProps, 'product' | 't'>) {
  if (trialDays === null) {
    const support = env().SUPPORT_EMAIL
    return <small>{t.rich('stranger.not_tried', { support, mail: mailTo(support) })}</small>
  }
  return (
    <LinkButton
      small
      icon="flask-conical"
      href={`/trial/${reference}`}
      label={t('stranger.try_label', { product: name, days: trialDays })}
    >
      {t('stranger.try', { days: trialDays })}
    </LinkButton>
  )
}

function Free({ products, language, t }: Props) {
  return (
    <Section title={t('instance.open_source')} note={t('instance.open_source_note')}>
      <ul className="bullets">
        {products.map(({ id, name, description, homepageUrl }) => (
          <li key={id}>
            {homepageUrl ? (
              <a className="link" href={homepageUrl} rel="noreferrer">
                {name}
              </a>
            ) : (
              <b>{name}</b>
            )}{' '}
            {description[language]}
          </li>
        ))}
      </ul>
    </Section>
  )
}
