import { randomUUID } from 'node:crypto'
import type { ReactNode } from 'react'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Portal } from '@/app/(portal)/portal'
import { ActionForm, SelectField, TextField } from '@/components/form'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import { productsToIssue } from '@/lib/catalog/queries'
import { listInstances } from '@/lib/instances/queries'
import { mostMonths } from '@/lib/subscriptions/rules'
import { MayNot } from '../../may-not'
import { issuePermanent, issueSubscription } from './actions'

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
  const { data, attention } = await read(visit, (tx) =>
    Promise.all([productsToIssue(tx), listInstances(tx, organizationId, { limit: mostInstances })]),
  )
  const [products, { rows, next }] = data
  const chosen = typeof instance === 'string' ? instance.slice(0, 40) : undefined
  const around = { visit, chosen, instances: next ? null : rows }
  return (
    <Portal visit={visit} current="keys" needs={attention.lines.length}>
      <PageHead
        title={t('staff.issue.title')}
        sentence={t('staff.issue.sentence', { organization: organization.name })}
      />
      {may(role, 'subscription.start') ? (
        <Form
          {...around}
          action={issueSubscription}
          products={products.filter(({ keyKind }) => keyKind === 'subscription')}
          title={t('staff.issue.subscription')}
          text={t('staff.issue.subscription_text')}
          submit={t('staff.issue.submit')}
        >
          <SelectField
            name="months"
            label={t('staff.issue.months')}
            initial="12"
            options={[1, 3, 6, 12, 24, mostMonths].map((count) => ({
              value: String(count),
              text: t('staff.issue.months_option', { count }),
            }))}
          />
        </Form>
      ) : (
        <MayNot visit={visit} permission="subscription.start" />
      )}
      {may(role, 'key.issue') && (
        <Form
          {...around}
          action={issuePermanent}
          products={products.filter(({ keyKind }) => keyKind === 'permanent')}
          title={t('staff.issue.permanent')}
          text={t('staff.issue.permanent_text')}
          submit={t('staff.issue.submit_permanent')}
        />
      )}
    </Portal>
  )
}

function Form({
  visit: { t, organization },
  chosen,
  instances,
  action,
  products,
  title,
  text,
  submit,
  children,
}: {
  visit: Visit
  chosen: string | undefined
  /** Null: more than a list is good for. */
  instances: { id: string; label: string; shortId: string }[] | null
  action: Parameters<typeof ActionForm>[0]['action']
  products: { id: string; name: string }[]
  title: string
  text: string
  submit: string
  children?: ReactNode
}) {
  if (products.length === 0)
    return (
      <Section title={title}>
        <p>{t('staff.issue.no_product')}</p>
      </Section>
    )
  return (
    <Section title={title}>
      <p className="mb-3">{text}</p>
      <Panel padded>
        <ActionForm
          action={action}
          hidden={{ organization: organization.slug, idempotencyKey: randomUUID() }}
        >
          <SelectField
            name="productId"
            label={t('staff.issue.product')}
            options={products.map(({ id, name }) => ({ value: id, text: name }))}
          />
          {instances ? (
            <SelectField
              name="instanceId"
              label={t('staff.issue.instance')}
              initial={chosen ?? instances[0]?.id}
              options={[
                ...instances.map(({ id, label, shortId }) => ({ value: id, text: `${label} (${shortId})` })),
                { value: '', text: t('staff.issue.whole') },
              ]}
            />
          ) : (
            <TextField
              name="instanceId"
              label={t('staff.issue.instance_id')}
              initial={chosen}
              maxLength={40}
              autoComplete="off"
            />
          )}
          {children}
          <TextField
            name="note"
            label={t('staff.key.why')}
            hint={t('staff.key.note_hint')}
            maxLength={1_000}
            autoComplete="off"
            required
          />
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
