import { Panel } from '@/components/ui/panel'
import type { Translate } from '@/lib/messages/translator'
import { Prose } from './prose'
import type { Field, ShownOperation } from './reference'

/** One thing that can be asked: how, what is answered, and examples of both. */
export function OperationPart({ operation, t }: { operation: ShownOperation; t: Translate }) {
  const { id, method, path, summary, description, needs, fields, answered } = operation
  return (
    <article className="mt-6 scroll-mt-4" id={id} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`} lang="en">
        {summary}
      </h3>
      <code className="command mt-2" translate="no">
        {method} {path}
      </code>
      {description && (
        <p className="mt-2" lang="en">
          <Prose text={description} />
        </p>
      )}
      <p className="mt-2 text-muted">{t(`reference.needs.${needs}`)}</p>
      {fields.length > 0 && <Fields title={t('reference.sent')} fields={fields} t={t} />}
      {answered.length > 0 && <Fields title={t('reference.answered')} fields={answered} t={t} />}
      <Answers operation={operation} t={t} />
      <Examples operation={operation} t={t} />
    </article>
  )
}

function Fields({ title, fields, t }: { title: string; fields: readonly Field[]; t: Translate }) {
  return (
    <>
      <h4 className="mt-4 mb-2 font-semibold">{title}</h4>
      <Panel>
        <table className="table">
          <thead>
            <tr>
              <th>{t('reference.name')}</th>
              <th>{t('reference.type')}</th>
              <th>{t('reference.meaning')}</th>
            </tr>
          </thead>
          <tbody>
            {fields.map(({ name, type, required, description }) => (
              <tr key={name}>
                <td>
                  <Code>{name}</Code>
                  {required && <small>{t('reference.always')}</small>}
                </td>
                <td data-head={t('reference.type')}>
                  <Code>{type}</Code>
                </td>
                <td data-head={t('reference.meaning')} lang="en">
                  <Prose text={description} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
    </>
  )
}

/** Within a span: a table's own codes are short IDs, which do not wrap. */
const Code = ({ children }: { children: string }) => (
  <span className="wrap-anywhere">
    <code translate="no">{children}</code>
  </span>
)

const Answers = ({ operation, t }: { operation: ShownOperation; t: Translate }) => (
  <>
    <h4 className="mt-4 mb-2 font-semibold">{t('reference.statuses')}</h4>
    <ul>
      {operation.statuses.map(({ status, description }) => (
        <li key={status}>
          <b>{status}</b>{' '}
          <span lang="en">
            <Prose text={description} />
          </span>
        </li>
      ))}
    </ul>
  </>
)

const Examples = ({ operation, t }: { operation: ShownOperation; t: Translate }) => (
  <>
    <h4 className="mt-4 mb-2 font-semibold">{t('reference.examples')}</h4>
    {operation.examples.map(({ name, status, summary, address, body, answer }) => (
      <details key={name} className="mt-1">
        <summary>
          <span lang="en">{summary}</span> <small className="text-muted">{status}</small>
        </summary>
        <Text>{[`${operation.method} ${address}`, body].filter(Boolean).join('\n\n')}</Text>
        <Text>{answer}</Text>
      </details>
    ))}
  </>
)

const Text = ({ children }: { children: string }) => (
  <code className="command my-2 whitespace-pre-wrap" translate="no">
    {children}
  </code>
)
