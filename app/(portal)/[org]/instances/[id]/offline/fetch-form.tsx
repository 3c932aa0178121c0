import { randomUUID } from 'node:crypto'
import type { Visit } from '@/app/_request/session'
import { Button } from '@/components/ui/button'
import { Field, Input, Select } from '@/components/ui/field'
import { Notice } from '@/components/ui/notice'
import type { catalog } from '@/lib/activations/catalog'
import { longestDays } from '@/lib/activations/lease'
import type { KeyRow } from '@/lib/keys/queries'
import { lastDay } from '@/lib/messages/dates'
import type { Translate } from '@/lib/messages/translator'

interface Choice {
  /** The key's ID; of a suite, whose plugins need a file each, with the plugin's reference. */
  value: string
  text: string
}

/** For which keys a file can be fetched, and until when it would work. */
export function fileChoices(
  keys: readonly KeyRow[],
  { byId, byReference }: Awaited<ReturnType<typeof catalog>>,
  { t, language, organization }: Visit,
  now: Date,
): Choice[] {
  const latest = new Date(now.getTime() + longestDays * 86_400_000)
  return keys.flatMap(({ id, productId, product, shortId, expiresAt }) => {
    const end = expiresAt && expiresAt < latest ? expiresAt : latest
    const facts = { shortId, date: lastDay(end, language, organization.timeZone) }
    const contained = byId.get(productId)?.contains ?? []
    if (contained.length === 0) return [{ value: id, text: t('offline.key_option', { product, ...facts }) }]
    return contained.flatMap((reference) => {
      const inside = byReference.get(reference)
      const names = inside && { product: inside.name, suite: product }
      return names
        ? [{ value: `${id} ${reference}`, text: t('offline.key_of_suite', { ...names, ...facts }) }]
        : []
    })
  })
}

/** A plain form: what answers it is a file, or this page with what was typed and what is wrong with it. */
export function FetchForm({
  visit: { t, organization },
  instance,
  choices,
  query,
}: {
  visit: Visit
  instance: { id: string; installationId: string | null }
  choices: Choice[]
  query: Record<string, string | string[] | undefined>
}) {
  const typed = typeof query.installation === 'string' ? query.installation.slice(0, 100) : undefined
  const chosen = choices.find(({ value }) => value === query.key) ?? choices[0]
  const wrong = wrongOf(query.problem)
  return (
    <form action={`/${organization.slug}/offline-files`} method="post" className="form">
      <input type="hidden" name="organization" value={organization.slug} />
      <input type="hidden" name="instanceId" value={instance.id} />
      <input type="hidden" name="formId" value={randomUUID()} />
      <Problem problem={query.problem} t={t} />
      <Field id="key" label={t('offline.key')} hint={t('offline.key_hint', { days: longestDays })}>
        {(control) => (
          <Select {...control} name="key" defaultValue={chosen?.value}>
            {choices.map(({ value, text }) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <InstallationField
        initial={typed ?? instance.installationId ?? ''}
        error={wrong && t(`errors.${wrong}`)}
        t={t}
      />
      <p>{t('offline.stays')}</p>
      <div className="row">
        <Button variant="primary" icon="download">
          {t('offline.submit')}
        </Button>
      </div>
    </form>
  )
}

function InstallationField({
  initial,
  error,
  t,
}: {
  initial: string
  error: string | undefined
  t: Translate
}) {
  return (
    <Field
      id="installation"
      label={t('offline.installation')}
      hint={t('offline.installation_hint')}
      error={error}
    >
      {(control) => (
        <Input
          {...control}
          mono
          name="installationId"
          defaultValue={initial}
          maxLength={100}
          autoComplete="off"
          spellCheck={false}
          required
        />
      )}
    </Field>
  )
}

/** What is wrong with the installation ID, by its sentence. */
function wrongOf(problem: unknown) {
  if (problem === 'holds_a_key' || problem === 'holds_a_token') return problem
  return problem === 'installation' ? 'installation_id' : undefined
}

/** Why no file was handed out: `?problem=`, set by offline-files/route.ts, which cannot answer in place. */
function Problem({ problem, t }: { problem: unknown; t: Translate }) {
  if (wrongOf(problem)) return <Notice tone="bad">{t('errors.invalid_input')}</Notice>
  if (problem === 'unavailable') return <Notice tone="bad">{t('errors.unavailable')}</Notice>
  if (problem !== 'bound_elsewhere' && problem !== 'key') return null
  return <Notice tone="bad">{t(`offline.problem.${problem}`)}</Notice>
}

export function Steps({ t }: { t: Translate }) {
  return (
    <>
      <h3 className="mt-6">{t('offline.then')}</h3>
      <ol className="bullets mt-2">
        {(['carry', 'upload', 'again'] as const).map((step) => (
          <li key={step}>{t(`offline.${step}`)}</li>
        ))}
      </ol>
    </>
  )
}
