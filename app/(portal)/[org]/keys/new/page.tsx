import { randomUUID } from 'node:crypto'
import type { ReactNode } from 'react'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Portal } from '@/app/(portal)/portal'
import { ActionForm, SelectField, TextField } from '@/components/form'
import { LongNames } from '@/components/ui/long-names'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { may, type Role } from '@/lib/access'
import { productsToIssue } from '@/lib/catalog/queries'
import { listInstances } from '@/lib/instances/queries'
import type { Translate } from '@/lib/messages/translator'
import { lengthsFor } from '@/lib/subscriptions/rules'
import { MayNot } from '../../may-not'
import { issuePermanent, issueSubscription } from './actions'
import { ProductField } from './product-field'

const mostInstances = 200

interface Props {
  params: Promise<{ org: string }>
  searchParams: Promise<{ instance?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('staff.issue.title')
})

export default organizationPage(IssuePage)

async function IssuePage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org)
  const { t, organization } = visit
  const { organizationId, role } = organization
  const { instance } = await searchParams
  const { data, needs } = await read(visit, (tx) =>
    Promise.all([productsToIssue(tx), listInstances(tx, organizationId, { limit: mostInstances })]),
  )
  const [products, { rows, next }] = data
  const chosen = typeof instance === 'string' ? instance.slice(0, 40) : undefined
  const around = { visit, products, where: { chosen, instances: next ? null : rows } }
  return (
    <Portal visit={visit} current="keys" needs={needs}>
      <PageHead
        title={t('staff.issue.title')}
        sentence={
          <LongNames names={[organization.name]}>
            {t('staff.issue.sentence', { organization: organization.name })}
          </LongNames>
        }
      />
      {may(role, 'subscription.start') ? (
        <Form
          {...around}
          kind="subscription"
          action={issueSubscription}
          text={t('staff.issue.subscription_text')}
          submit={t('staff.issue.submit')}
        >
          <MonthsField t={t} role={role} />
        </Form>
      ) : (
        <MayNot visit={visit} permission="subscription.start" />
      )}
      {may(role, 'key.issue') && (
        <Form
          {...around}
          kind="permanent"
          action={issuePermanent}
          text={t('staff.issue.permanent_text')}
          submit={t('staff.issue.submit_permanent')}
        />
      )}
    </Portal>
  )
}

interface Where {
  chosen: string | undefined
  /** Null: more than a list is good for. */
  instances: { id: string; label: string; shortId: string }[] | null
}

function InstanceField({ t, chosen, instances, whole }: Where & { t: Translate; whole: string[] }) {
  const field = {
    name: 'instanceId',
    hint: whole.length
      ? t('staff.issue.whole_hint', { products: whole.join(', '), count: whole.length })
      : undefined,
    required: whole.length === 0,
  }
  if (!instances)
    return (
      <TextField
        {...field}
        label={t('staff.issue.instance_id')}
        initial={chosen}
        maxLength={40}
        autoComplete="off"
      />
    )
  return (
    <SelectField
      {...field}
      label={t('staff.issue.instance')}
      initial={chosen ?? ''}
      options={[
        { value: '', text: t('staff.issue.choose') },
        ...instances.map(({ id, label, shortId }) => ({ value: id, text: `${label} (${shortId})` })),
      ]}
    />
  )
}

function Form({
  visit: { t, organization },
  where,
  action,
  products,
  kind,
  text,
  submit,
  children,
}: {
  visit: Visit
  where: Where
  action: Parameters<typeof ActionForm<null>>[0]['action']
  products: { id: string; name: string; keyKind: string | null; binding: string }[]
  kind: 'subscription' | 'permanent'
  text: string
  submit: string
  children?: ReactNode
}) {
  const title = t(`staff.issue.${kind}`)
  const options = products
    .filter(({ keyKind }) => keyKind === kind)
    .map(({ id, name, binding }) => ({ id, name, whole: binding === 'organization' }))
  if (options.length === 0) return <NoProduct title={title} t={t} />
  return (
    <Section title={title}>
      <p className="mb-3">{text}</p>
      <Panel padded>
        <ActionForm
          action={action}
          hidden={{ organization: organization.slug, idempotencyKey: randomUUID() }}
        >
          <KeyFields t={t} where={where} products={options} />
          {children}
          <NoteField t={t} />
          <div className="row">
            <SubmitButton variant="primary" pendingText={t('shell.busy')}>
              {submit}
            </SubmitButton>
          </div>
        </ActionForm>
      </Panel>
    </Section>
  )
}

/** For what the key is. */
function KeyFields({
  t,
  where,
  products,
}: {
  t: Translate
  where: Where
  products: Parameters<typeof ProductField>[0]['products']
}) {
  const whole = products.filter((product) => product.whole).map(({ name }) => name)
  return (
    <ProductField
      label={t('staff.issue.product')}
      choose={t('staff.issue.choose')}
      whole={t('staff.issue.whole')}
      products={products}
    >
      <InstanceField t={t} {...where} whole={whole} />
    </ProductField>
  )
}

function NoProduct({ title, t }: { title: string; t: Translate }) {
  return (
    <Section title={title}>
      <p>{t('staff.issue.no_product')}</p>
    </Section>
  )
}

function NoteField({ t }: { t: Translate }) {
  return (
    <TextField
      name="note"
      label={t('staff.key.why')}
      hint={t('staff.key.note_hint')}
      maxLength={1_000}
      autoComplete="off"
      required
    />
  )
}

function MonthsField({ t, role }: { t: Translate; role: Role }) {
  return (
    <SelectField
      name="months"
      label={t('staff.issue.months')}
      initial="12"
      options={lengthsFor(role).map((count) => ({
        value: String(count),
        text: t('staff.issue.months_option', { count }),
      }))}
    />
  )
}
