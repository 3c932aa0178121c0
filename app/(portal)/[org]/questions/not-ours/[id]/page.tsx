import { randomUUID } from 'node:crypto'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Portal } from '@/app/(portal)/portal'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { asCode } from '@/components/ui/long-name'
import { LongNames } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { isStaffRole, may } from '@/lib/access'
import { editionOf } from '@/lib/activations/answer'
import { countUnlisted, mostStrangers, openQuestions, type QuestionRow } from '@/lib/activations/questions'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { displayUrl } from '@/lib/instances/url'
import { aboutKey } from '@/lib/keys/lock'
import { answerNoneOurs } from '../../actions'
import { Ask } from '../../ask'

interface Props {
  params: Promise<{ org: string; id: string }>
}

/** Who asked for a key and is not known. @throws NotFound where the organization has no such key */
async function strangersOf(tx: OrganizationTx, organizationId: string, keyId: string) {
  const known = isId(keyId) && (await aboutKey(keyId)(tx, organizationId))
  if (!known || !('keyId' in known)) throw new NotFound('key')
  const rows = await openQuestions(tx, organizationId, { size: mostStrangers, keyId, kind: 'installation' })
  return { rows, unlisted: await countUnlisted(tx, organizationId, keyId) }
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { org, id } = await params
  const { t, organization } = await requireMember(org)
  const { organizationId } = organization
  await asOrganization(organizationId, (tx) => strangersOf(tx, organizationId, id))
  return t('questions.none_ours.title')
})

export default organizationPage(NoneOursPage)

/** Before all who asked for a key are said to be strangers: who they are, and what happens then. */
async function NoneOursPage({ params }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org)
  const { t, organization } = visit
  const { organizationId, slug, role } = organization
  const { data, needs, at } = await read(visit, (tx) => strangersOf(tx, organizationId, id))
  const { rows, unlisted } = data
  const [first] = rows
  return (
    <Portal visit={visit} current="questions" needs={needs}>
      <PageHead
        title={t('questions.none_ours.title')}
        sentence={
          first && (
            <>
              <LongNames names={[first.instance]}>
                {t('questions.none_ours.sentence', {
                  count: rows.length + unlisted,
                  product: first.product,
                  instance: first.instance ?? 'none',
                })}
              </LongNames>{' '}
              <code className="id">{first.shortId}</code>
            </>
          )
        }
        actions={
          <LinkButton variant="quiet" icon="arrow-left" href={`/${slug}/questions`}>
            {t('questions.back')}
          </LinkButton>
        }
      />
      {!first && (
        <Panel>
          <Empty icon="circle-check" title={t('questions.none_title')}>
            {t('questions.none_ours.nothing')}
          </Empty>
        </Panel>
      )}
      {first &&
        (may(role, 'question.answer_all') ? (
          <Consequences visit={visit} keyId={id} rows={rows} unlisted={unlisted} madeAt={at} />
        ) : (
          <Ask visit={visit} />
        ))}
    </Portal>
  )
}

interface OfKey {
  visit: Visit
  keyId: string
  rows: QuestionRow[]
  /** How many asked for it beyond those. */
  unlisted: number
  madeAt: Date
}

function Consequences({ visit, keyId, rows, unlisted, madeAt }: OfKey) {
  const { t, organization } = visit
  const { slug } = organization
  const editions = Object.fromEntries(rows.map((row) => [`edition.${row.id}`, editionOf(row)]))
  const hidden = {
    organization: slug,
    idempotencyKey: randomUUID(),
    keyId,
    madeAt: madeAt.toISOString(),
    ...editions,
  }
  return (
    <Panel padded>
      <ActionForm action={answerNoneOurs} hidden={hidden}>
        <p>{t('questions.none_ours.refused')}</p>
        <ul className="bullets">
          {rows.map(({ id, installationId, url }) => (
            <li key={id}>
              <LongNames names={[installationId, url && displayUrl(url)]}>
                {t('questions.none_ours.caller', {
                  installation: asCode(installationId),
                  said: url ? 'yes' : 'no',
                  url: url ? displayUrl(url) : '',
                })}
              </LongNames>
            </li>
          ))}
          {unlisted > 0 && <li>{t('questions.none_ours.unlisted', { count: unlisted })}</li>}
        </ul>
        <p>{t('questions.none_ours.later', { staff: isStaffRole(organization.role) ? 'yes' : 'no' })}</p>
        <p>{t('questions.none_ours.otherwise')}</p>
        <div className="row">
          <SubmitButton variant="primary" pendingText={t('shell.busy')}>
            {t('questions.none_ours.submit')}
          </SubmitButton>
          <LinkButton variant="quiet" href={`/${slug}/questions`}>
            {t('questions.none_ours.cancel')}
          </LinkButton>
        </div>
      </ActionForm>
    </Panel>
  )
}
