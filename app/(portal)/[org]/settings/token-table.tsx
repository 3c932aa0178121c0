import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongNames, LongWords } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { may } from '@/lib/access'
import { lastDay, moment } from '@/lib/messages/dates'
import { tokenState } from '@/lib/organizations/rules'
import type { TokenRow } from '@/lib/organizations/tokens'

/** The tokens of an organization, each with what it may, and how it stands. */
export function TokenTable({ visit, tokens, now }: { visit: Visit; tokens: TokenRow[]; now: Date }) {
  const { t } = visit
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th>{t('settings.name')}</th>
            <th>{t('settings.may')}</th>
            <th>{t('settings.until')}</th>
            <th>{t('settings.used')}</th>
            <th>
              <span className="sr-only">{t('settings.to_do')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <TokenLine key={token.id} visit={visit} token={token} now={now} />
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

function TokenLine({ visit, token, now }: { visit: Visit; token: TokenRow; now: Date }) {
  const { t, session, organization, language } = visit
  const { id, name, scopes, lastFour, createdBy, createdAt, lastUsedAt } = token
  const date = (at: Date) => moment(at, language, session.timeZone)
  const revocable = may(organization.role, 'token.revoke') && tokenState(token, now) === 'working'
  return (
    <tr>
      <td>
        <b className="wrap-anywhere">
          <LongWords>{name}</LongWords>
        </b>
        <small>{t('settings.ends_with', { lastFour })}</small>
        <small className="wrap-anywhere">
          <LongNames names={[createdBy]}>
            {t('settings.by', { by: createdBy, date: date(createdAt) })}
          </LongNames>
        </small>
      </td>
      <td data-head={t('settings.may')}>{scopes.map((scope) => t(`settings.scope.${scope}`)).join(', ')}</td>
      <td data-head={t('settings.until')}>
        <Until visit={visit} token={token} now={now} />
      </td>
      <td className="when" data-head={t('settings.used')}>
        {lastUsedAt ? (
          <time dateTime={lastUsedAt.toISOString()}>{date(lastUsedAt)}</time>
        ) : (
          t('settings.never_used')
        )}
      </td>
      <td className="act">
        {revocable && (
          <LinkButton
            small
            href={`/${organization.slug}/settings/tokens/${id}`}
            label={t('settings.revoke_label', { name })}
          >
            {t('settings.revoke_link')}
          </LinkButton>
        )}
      </td>
    </tr>
  )
}

/** Until when it works; of one that is over, since when. */
function Until({ visit, token, now }: { visit: Visit; token: TokenRow; now: Date }) {
  const { t, session, organization, language } = visit
  const { expiresAt, revokedAt } = token
  const end = lastDay(expiresAt, language, organization.timeZone)
  if (revokedAt)
    return (
      <State tone="calm" icon="ban">
        {t('settings.revoked', { date: moment(revokedAt, language, session.timeZone) })}
      </State>
    )
  if (tokenState(token, now) === 'expired')
    return (
      <State tone="calm" icon="clock">
        {t('settings.expired', { date: end })}
      </State>
    )
  return (
    <time className="whitespace-nowrap" dateTime={expiresAt.toISOString()}>
      {end}
    </time>
  )
}
