import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { Done } from '@/components/done'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { env } from '@/lib/env'
import { tokenState } from '@/lib/organizations/rules'
import { listTokens } from '@/lib/organizations/tokens'
import { Portal } from '../../portal'
import { TokenTable } from './token-table'

const mostTokens = 100

interface Props {
  params: Promise<{ org: string }>
  searchParams: Promise<{ done?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('settings.title')
})

export default organizationPage(SettingsPage)

async function SettingsPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org)
  const { done } = await searchParams
  const { t, organization } = visit
  const {
    data: tokens,
    needs,
    at,
  } = await read(visit, (tx, now) => listTokens(tx, organization.organizationId, mostTokens + 1, now))
  const count = tokens.filter((token) => tokenState(token, at) === 'working').length
  return (
    <Portal visit={visit} current="settings" needs={needs}>
      <PageHead
        title={t('settings.title')}
        sentence={t('settings.sentence', { count })}
        actions={tokens.length > 0 && <CreateLink visit={visit} />}
      />
      {done === 'revoked' && <Done>{t('settings.done.revoked')}</Done>}
      {tokens.length === 0 ? (
        <>
          <Nothing visit={visit} />
          <ReferenceLink t={t} />
        </>
      ) : (
        <Section title={t('settings.tokens')}>
          <TokenTable visit={visit} tokens={tokens.slice(0, mostTokens)} now={at} />
          {tokens.length > mostTokens && (
            <p className="mt-3 text-muted">{t('settings.more', { count: mostTokens })}</p>
          )}
        </Section>
      )}
      {!may(organization.role, 'token.create') && <Ask visit={visit} />}
      {tokens.length > 0 && (
        <Section title={t('settings.how')}>
          <p className="mb-3">{t('settings.how_text')}</p>
          <Example />
          <ReferenceLink t={t} />
        </Section>
      )}
    </Portal>
  )
}

const CreateLink = ({ visit, variant }: { visit: Visit; variant?: 'primary' }) =>
  may(visit.organization.role, 'token.create') && (
    <LinkButton variant={variant} icon="plus" href={`/${visit.organization.slug}/settings/tokens/new`}>
      {visit.t('settings.create_link')}
    </LinkButton>
  )

const Nothing = ({ visit }: { visit: Visit }) => (
  <Panel>
    <Empty
      icon="key"
      title={visit.t('settings.none_title')}
      actions={<CreateLink visit={visit} variant="primary" />}
    >
      {visit.t('settings.none_text')} <Example />
    </Empty>
  </Panel>
)

async function Ask({ visit }: { visit: Visit }) {
  const { who, names } = await whomToAsk(visit, 'token.create')
  return (
    <p className="mt-3 text-muted">
      <LongNames names={names}>{visit.t('settings.ask', { who })}</LongNames>
    </p>
  )
}

const ReferenceLink = ({ t }: Pick<Visit, 't'>) => (
  <p className="mt-3">
    <a className="link" href="/help/api">
      {t('settings.reference')}
    </a>
  </p>
)

/** A line for a shell, the same in each language; where it lets the token be kept is one's own matter. */
const Example = () => (
  <code className="command" translate="no">
    {['curl', '-H', '"Authorization:', 'Bearer', '$LATCHKEY_TOKEN"', `${env().PUBLIC_URL}/api/v1/keys`].join(
      ' ',
    )}
  </code>
)
