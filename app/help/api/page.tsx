import type { Metadata } from 'next'
import { currentTranslator } from '@/app/_request/session'
import { mailTo } from '@/components/ui/button'
import { PageHead, Section } from '@/components/ui/panel'
import { env } from '@/lib/env'
import type { Translate } from '@/lib/messages/translator'
import { OperationPart } from './operation'
import { Prose } from './prose'
import { reference } from './reference'

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('reference.title') }
}

/** The key service's reference, for who writes a plugin or a program. Its own texts are English, as the API is. */
export default async function ApiPage() {
  const t = await currentTranslator()
  return (
    <>
      <PageHead title={t('reference.title')} sentence={t('reference.sentence')} />
      <p>
        <Prose text={t('reference.introduction')} />
      </p>
      <p className="mt-3">
        <a className="link" href="/api/openapi.json">
          {t('reference.document')}
        </a>
      </p>
      <Guides t={t} />
      <nav className="mt-5" aria-label={t('reference.contents')}>
        <ul lang="en">
          {reference.chapters
            .flatMap(({ operations }) => operations)
            .map(({ id, method, path, summary }) => (
              <li key={id}>
                <a className="link" href={`#${id}`}>
                  {summary}
                </a>{' '}
                <small className="wrap-anywhere text-muted">
                  {method} {path}
                </small>
              </li>
            ))}
        </ul>
      </nav>
      {reference.chapters.map(({ name, description, operations }) => (
        <Section key={name} title={<span lang="en">{name}</span>}>
          <p lang="en">
            <Prose text={description} />
          </p>
          {operations.map((operation) => (
            <OperationPart key={operation.id} operation={operation} t={t} />
          ))}
        </Section>
      ))}
    </>
  )
}

/** They are not served here, but come with the sources: named, so that whoever looks knows what to ask for. */
const guides = {
  add: 'docs/add-key-checks-to-a-plugin.md',
  verify: 'docs/verify-a-lease.md',
  keys: 'docs/test-keys.md',
  clients: 'key-service/clients/',
} as const

function Guides({ t }: { t: Translate }) {
  const { VENDOR_NAME: vendor, SUPPORT_EMAIL: support } = env()
  // the keys of the table itself
  const names = Object.keys(guides) as (keyof typeof guides)[]
  return (
    <Section title={t('reference.guides.title')}>
      <p>{t.rich('reference.guides.text', { vendor, support, mail: mailTo(support) })}</p>
      <ul className="bullets mt-2">
        {names.map((name) => (
          <li key={name}>
            <code className="wrap-anywhere" translate="no">
              {guides[name]}
            </code>{' '}
            {t(`reference.guides.${name}`)}
          </li>
        ))}
      </ul>
    </Section>
  )
}
