import { organizationPage } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import { keysRevealedTo } from '@/lib/keys/revealed'
import { moment } from '@/lib/messages/dates'
import type { Member } from '@/lib/organizations/member'
import { countWorkingTokens } from '@/lib/organizations/tokens'
import { Portal } from '../../../../portal'
import { MayNot } from '../../../may-not'
import { settingsLink } from '../../../settings/link'
import { remove } from '../../actions'
import { foundMember, memberTitle, nameOf } from '../../found'

const mostKeys = 200

interface Props {
  params: Promise<{ org: string; id: string }>
}

export const generateMetadata = memberTitle((t, name) => t('members.remove.title', { name }))

export default organizationPage(RemovePage)

async function RemovePage({ params }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org, 'member.read')
  const { t, organization } = visit
  const { organizationId, role } = organization
  const mayRemove = may(role, 'member.remove')
  const { data, needs } = await read(visit, async (tx, at) => ({
    ...(await foundMember(tx, organizationId, id)),
    seen: mayRemove ? await keysRevealedTo(tx, organizationId, id, mostKeys + 1) : [],
    tokens: await countWorkingTokens(tx, organizationId, at, id),
  }))
  const { member, verdict, seen, tokens } = data
  const name = nameOf(member)
  return (
    <Portal visit={visit} current="members" needs={needs}>
      <PageHead title={t('members.remove.title', { name })} />
      {!mayRemove && <MayNot visit={visit} permission="member.remove" />}
      {mayRemove && !verdict.ok && (
        <Notice tone="soon" silent>
          <LongNames names={[name]}>{t('members.last_owner', { name })}</LongNames>
        </Notice>
      )}
      {mayRemove && verdict.ok && <Consequences visit={visit} member={member} seen={seen} tokens={tokens} />}
    </Portal>
  )
}

type Seen = Awaited<ReturnType<typeof keysRevealedTo>>

/** What will happen before the button that does it, and what removing somebody cannot take back. */
function Consequences({
  visit,
  member,
  seen,
  tokens,
}: {
  visit: Visit
  member: Member
  seen: Seen
  tokens: number
}) {
  const { t, organization } = visit
  const name = nameOf(member)
  const { slug } = organization
  return (
    <>
      <KeysSeen visit={visit} name={name} seen={seen} />
      <Panel padded>
        <ActionForm action={remove} hidden={{ organization: slug, memberId: member.id }}>
          <p>
            <LongNames names={[name, organization.name]}>
              {t('members.remove.now', { name, organization: organization.name })}
            </LongNames>
          </p>
          <p>{t('members.remove.invitations')}</p>
          {tokens > 0 && (
            <p>
              <LongNames names={[name]}>
                {t.rich('members.remove.tokens', { count: tokens, name, link: settingsLink(slug) })}
              </LongNames>
            </p>
          )}
          <p>{t('members.remove.work')}</p>
          <p>{t('members.remove.back')}</p>
          <div className="row">
            <SubmitButton variant="danger" pendingText={t('shell.busy')}>
              {t('members.remove.submit', { name })}
            </SubmitButton>
            <LinkButton variant="quiet" href={`/${slug}/members`}>
              {t('members.remove.cancel')}
            </LinkButton>
          </div>
        </ActionForm>
      </Panel>
    </>
  )
}

function KeysSeen({ visit, name, seen }: { visit: Visit; name: string; seen: Seen }) {
  const { t, organization, session, language } = visit
  const shown = seen.slice(0, mostKeys)
  return (
    <Section title={t('members.remove.keys_title', { name })}>
      <p className="mb-3">
        <LongNames names={[name]}>
          {shown.length === 0
            ? t('members.remove.keys_none', { name })
            : t('members.remove.keys_text', { count: shown.length })}
        </LongNames>
      </p>
      {shown.length > 0 && (
        <Panel>
          <table className="table">
            <tbody>
              {shown.map(({ id, shortId, product, instance, seenAt }) => (
                <tr key={id}>
                  <td>
                    <a className="id" href={`/${organization.slug}/keys?q=${shortId}&state=all`}>
                      <code translate="no">{shortId}</code>
                    </a>
                  </td>
                  <td>
                    <LongNames names={[instance]}>
                      {instance === null
                        ? t('members.remove.key_without_instance', { product })
                        : t('members.remove.key', { product, instance })}
                    </LongNames>
                  </td>
                  <td className="when">
                    {seenAt && t('members.remove.seen', { date: moment(seenAt, language, session.timeZone) })}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      )}
      {seen.length > mostKeys && (
        <p className="mt-3 text-muted">{t('members.remove.keys_more', { count: mostKeys })}</p>
      )}
    </Section>
  )
}
