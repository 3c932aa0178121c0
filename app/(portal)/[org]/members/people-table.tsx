import type { ReactNode } from 'react'
import { Panel } from '@/components/ui/panel'
import type { MemberRole } from '@/lib/access'
import type { Translate } from '@/lib/messages/translator'

export interface PersonLine {
  id: string
  name: ReactNode
  /** Below the name. */
  note: ReactNode
  role: MemberRole
  when: ReactNode
  /** What the time is, where a narrow page shows no headings; undefined where it says so itself. */
  whenHead: string | undefined
  /** What can be done. */
  act: ReactNode
}

/** People with a role: who belongs, and who is invited. `headings` name the first and the third column. */
export function PeopleTable({
  headings,
  lines,
  t,
}: {
  headings: { name: string; when: string }
  lines: PersonLine[]
  t: Translate
}) {
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th>{headings.name}</th>
            <th>{t('members.role_column')}</th>
            <th>{headings.when}</th>
            <th>
              <span className="sr-only">{t('members.to_do')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ id, name, note, role, when, whenHead, act }) => (
            <tr key={id}>
              <td>
                {name}
                {note && <small className="break-words">{note}</small>}
              </td>
              <td>{t(`members.role.${role}`)}</td>
              <td className="when" data-head={whenHead}>
                {when}
              </td>
              <td className="act">{act && <span className="row">{act}</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
