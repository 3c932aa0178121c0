import type { Metadata } from 'next'
import { currentSession, currentTranslator } from '@/app/_request/session'
import { SelectField, TextAreaField, TextField } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { type CheckedProduct, catalog } from '@/lib/activations/catalog'
import type { Translate } from '@/lib/messages/translator'
import { askOwners, check } from './actions'
import { CheckForm } from './check-form'
import { ConnectionTest } from './connection-test'

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('check.title') }
}

/** The vendor's most frequent question, "why does GLPI not take this key?", answered to whoever has one. */
export default async function CheckPage() {
  const t = await currentTranslator()
  const products = [...(await catalog()).byReference.values()].sort((a, b) => a.name.localeCompare(b.name))
  return (
    <>
      <PageHead title={t('check.title')} sentence={t('check.sentence')} />
      <CheckForm
        action={check}
        askOwners={askOwners}
        labels={{
          likely: t('check.likely'),
          copy: t('check.copy'),
          copied: t('check.copied'),
          onClipboard: t('check.on_clipboard'),
          byHand: t('check.by_hand'),
        }}
      >
        <TextAreaField
          name="pasted"
          label={t('check.pasted')}
          hint={t('check.pasted_hint')}
          rows={3}
          maxLength={20_000}
        />
        <AboutGlpi products={products} t={t} />
        <SubmitButton variant="primary" icon="search" pendingText={t('check.checking')}>
          {t('check.submit')}
        </SubmitButton>
      </CheckForm>
      <ConnectionTest t={t} />
      <p className="mt-3">
        <a className="link" href="/help/glpi">
          {t('glpi.link')}
        </a>
        <br />
        <a className="link" href="/trial">
          {t('stranger.title')}
        </a>
      </p>
      <NoKeyNeeded products={products} t={t} />
      {(await currentSession()) && (
        <p className="mt-5">
          <LinkButton href="/" variant="quiet" icon="arrow-left">
            {t('check.back')}
          </LinkButton>
        </p>
      )}
    </>
  )
}

interface OfCatalog {
  products: CheckedProduct[]
  t: Translate
}

function AboutGlpi({ products, t }: OfCatalog) {
  const named = products.map(({ reference, name, openSource }) => ({
    value: reference,
    text: openSource ? t('check.needs_no_key', { product: name }) : name,
  }))
  const kinds = (['subscription', 'trial', 'permanent'] as const).map((kind) => ({
    value: kind,
    text: t(`check.kinds.${kind}`),
  }))
  return (
    <fieldset className="boxes">
      <legend>{t('check.more')}</legend>
      <p className="hint">{t('check.more_hint')}</p>
      <TextField name="url" label={t('check.url')} autoComplete="off" maxLength={2_048} mono />
      <TextField
        name="installationId"
        label={t('check.installation_id')}
        hint={t('check.installation_id_hint')}
        autoComplete="off"
        maxLength={100}
        mono
      />
      <TextField name="glpiVersion" label={t('check.glpi_version')} autoComplete="off" maxLength={50} />
      <SelectField
        name="product"
        label={t('check.product')}
        initial=""
        options={[{ value: '', text: t('check.any_product') }, ...named]}
      />
      <TextField name="productVersion" label={t('check.product_version')} autoComplete="off" maxLength={50} />
      <SelectField
        name="kind"
        label={t('check.kind')}
        initial=""
        options={[{ value: '', text: t('check.any_kind') }, ...kinds]}
      />
    </fieldset>
  )
}

function NoKeyNeeded({ products, t }: OfCatalog) {
  const names = products.filter(({ openSource }) => openSource).map(({ name }) => name)
  return (
    <section className="mt-6">
      <h2>{t('check.no_key.title')}</h2>
      <p>{t('check.no_key.text')}</p>
      {names.length > 0 && <p>{t('check.no_key.products', { products: names.join(', ') })}</p>}
    </section>
  )
}
