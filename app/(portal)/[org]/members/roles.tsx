import { Section } from '@/components/ui/panel'
import { may, memberRoles, permissionsThatDiffer } from '@/lib/access'
import type { Translate } from '@/lib/messages/translator'

type Name = Parameters<Translate>[0]

/** What each role may do, made from the table that decides it. */
export function Roles({ t }: { t: Translate }) {
  const differing = permissionsThatDiffer()
  return (
    <Section title={t('members.roles.title')}>
      <p className="mb-3">{t('members.roles.everybody')}</p>
      <div className="cards roles">
        {memberRoles.map((role) => {
          const more = differing.filter((permission) => may(role, permission))
          return (
            <div key={role} className="panel card">
              <h3>{t(`members.role.${role}`)}</h3>
              <p>{more.length > 0 ? t('members.roles.also') : t('members.roles.nothing_more', { role })}</p>
              {more.length > 0 && (
                <ul className="bullets">
                  {more.map((permission) => (
                    // a test says that each has its words
                    <li key={permission}>{t(`members.may.${permission}` as Name)}</li>
                  ))}
                </ul>
              )}
            </div>
          )
        })}
      </div>
    </Section>
  )
}

/** The roles to choose from. */
export const roleOptions = (t: Translate) =>
  memberRoles.map((role) => ({ value: role, text: t(`members.role.${role}`) }))
