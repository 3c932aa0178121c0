import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { CodeForm } from '@/app/(public)/open/code-form'
import { Done } from '@/components/done'
import { Empty } from '@/components/ui/notice'
import { Pager } from '@/components/ui/pager'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { placeIn, placeText } from '@/lib/activations/list-place'
import { countQuestions, type KeyQuestions, questionsByKey } from '@/lib/activations/questions'
import { consequences } from '@/lib/activations/rules'
import { isId } from '@/lib/ids'
import type { Translate } from '@/lib/messages/translator'
import { Portal } from '../../portal'
import { Ask } from './ask'
import { QuestionGroups } from './groups'

/** Keys; each is shown with all that is open about it, so that none is cut in two. */
const pageSize = 20

interface Props {
  params: Promise<{ org: string }>
  searchParams: Promise<{ after?: unknown; done?: unknown; count?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('questions.title')
})

export default organizationPage(QuestionsPage)

async function QuestionsPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org)
  const { after: given, done, count } = await searchParams
  const after = placeIn(given, isId)
  const { t, organization } = visit
  const { organizationId, slug, role } = organization
  const { data, needs } = await read(visit, (tx) =>
    Promise.all([
      countQuestions(tx, organizationId),
      questionsByKey(tx, organizationId, { size: pageSize + 1, after }),
    ]),
  )
  const [{ open }, groups] = data
  const shown = groups.slice(0, pageSize)
  const last = groups.length > pageSize ? shown.at(-1)?.[0] : undefined
  const here = `/${slug}/questions`
  const followed = consequences.find((one) => one === done)
  return (
    <Portal visit={visit} current="questions" needs={needs}>
      <PageHead title={t('questions.title')} sentence={t('questions.sentence', { count: open })} />
      {followed && <Done>{t(`questions.done.${followed}`)}</Done>}
      {done === 'none_ours' && <Done>{t('questions.none_ours.done', { count: Number(count) || 1 })}</Done>}
      <List visit={visit} groups={shown} />
      {(after || last) && (
        <Pager
          label={t('questions.pages')}
          summary={t('questions.shown', { count: shown.length })}
          previous={after ? { href: here, text: t('questions.first') } : undefined}
          next={
            last
              ? { href: `${here}?after=${placeText(last.lastAt, last.keyId)}`, text: t('questions.next') }
              : undefined
          }
        />
      )}
      {shown.length > 0 && !may(role, 'question.answer') && <Ask visit={visit} />}
      <ByCode t={t} />
    </Portal>
  )
}

function List({ visit, groups }: { visit: Visit; groups: KeyQuestions[] }) {
  const { t } = visit
  if (groups.length === 0)
    return (
      <Panel>
        <Empty icon="circle-check" title={t('questions.none_title')}>
          {t('questions.none_text')}
        </Empty>
      </Panel>
    )
  return (
    <section aria-label={t('questions.list')}>
      <QuestionGroups visit={visit} groups={groups} />
    </section>
  )
}

const ByCode = ({ t }: { t: Translate }) => (
  <Section title={t('questions.code.title')}>
    <Panel padded>
      <p className="mb-3">{t('questions.code.text')}</p>
      <CodeForm t={t} />
    </Panel>
  </Section>
)
