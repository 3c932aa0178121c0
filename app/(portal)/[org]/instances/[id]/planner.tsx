import { Button } from '@/components/ui/button'
import { Input } from '@/components/ui/field'
import { Notice } from '@/components/ui/notice'
import { Section } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { fitSentence } from '@/lib/catalog/phrases'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { parseGlpiVersion } from '@/lib/catalog/rules'
import type { Translate } from '@/lib/messages/translator'

/** For a GLPI version one plans to move to: which products have a fitting release and which not yet. */
export function Planner({
  products,
  planned,
  t,
}: {
  products: CatalogProduct[]
  planned: string | string[] | undefined
  t: Translate
}) {
  const typed = typeof planned === 'string' ? planned.slice(0, 50) : ''
  const version = typed ? parseGlpiVersion(typed) : null
  return (
    <>
      <form className="filters" method="get" id="plan" action="#plan">
        <Input
          name="glpi"
          aria-label={t('instance.plan_label')}
          placeholder={t('instance.plan_placeholder')}
          defaultValue={typed}
          maxLength={50}
          required
        />
        <Button>{t('instance.plan_button')}</Button>
      </form>
      {typed && !version && <Notice tone="bad">{t('instance.plan_malformed')}</Notice>}
      {version && <Fits products={products} version={version} t={t} />}
    </>
  )
}

/** What a suite contains is listed by itself; the suite has no releases. */
function Fits({ products, version, t }: { products: CatalogProduct[]; version: string; t: Translate }) {
  const released = products.filter(({ contains }) => contains.length === 0)
  return (
    <div className="panel">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('instance.plan_product')}</th>
            <th scope="col">{t('instance.plan_result', { version })}</th>
          </tr>
        </thead>
        <tbody>
          {released.map((product) => {
            const { fits, text } = fitSentence(product, version, t)
            return (
              <tr key={product.id}>
                <td>
                  <b>{product.name}</b>
                </td>
                <td>
                  <State tone={fits ? 'ok' : 'soon'} icon={fits ? 'check' : 'clock'}>
                    {text}
                  </State>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

export function OpenSource({
  products,
  t,
}: {
  products: { id: string; name: string; homepageUrl: string | null }[]
  t: Translate
}) {
  if (products.length === 0) return null
  return (
    <Section title={t('instance.open_source')} note={t('instance.open_source_note')}>
      <ul className="row">
        {products.map(({ id, name, homepageUrl }) => (
          <li key={id}>
            {homepageUrl ? (
              <a className="link" href={homepageUrl} rel="noreferrer">
                {name}
              </a>
            ) : (
              name
            )}
          </li>
        ))}
      </ul>
    </Section>
  )
}

/** Keys of the whole organization work on this instance too. */
export function Everywhere({
  slug,
  rows,
  t,
}: {
  slug: string
  rows: { shortId: string; product: string }[]
  t: Translate
}) {
  if (rows.length === 0) return null
  return (
    <Section title={t('instance.everywhere')} note={t('instance.everywhere_note')}>
      <ul className="row">
        {rows.map(({ shortId, product }) => (
          <li key={shortId}>
            <a className="link" href={`/${slug}/keys?q=${shortId}`}>
              {product}
            </a>{' '}
            <code className="id">{shortId}</code>
          </li>
        ))}
      </ul>
    </Section>
  )
}
