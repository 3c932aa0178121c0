import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { requireStaff, type StaffVisit } from '@/app/_request/staff'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongNames, LongWords } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { asStaff } from '@/db/scope'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { oneOfStaff } from '@/lib/staff/queries'
import { endForStaff } from '../../../actions'
import { StaffFrame } from '../../../frame'

interface Props {
  params: Promise<{ id: string }>
}

type Person = Awaited<ReturnType<typeof found>>

const here = '/staff/people'

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const visit = await requireStaff('staff.read')
  const { name } = await found(visit, (await params).id)
  return visit.t('staff.people.ending.title', { name })
})

export default organizationPage(EndPage)

async function EndPage({ params }: Props) {
  const visit = await requireStaff('staff.read')
  const { t, session } = visit
  const person = await found(visit, (await params).id)
  return (
    <StaffFrame visit={visit} current="people">
      <PageHead title={t('staff.people.ending.title', { name: person.name })} />
      {person.id === session.personId ? (
        <>
          <Notice tone="soon" silent>
            {t('errors.staff_self')}
          </Notice>
          <LinkButton href={here}>{t('staff.people.ending.back')}</LinkButton>
        </>
      ) : (
        <Consequences t={t} person={person} />
      )}
    </StaffFrame>
  )
}

/** @throws NotFound for who is not, or no longer, of the staff */
async function found({ session }: StaffVisit, id: string) {
  const person = isId(id) ? await asStaff(session.personId, (tx) => oneOfStaff(tx, id)) : null
  if (!person) throw new NotFound('staff')
  return person
}

/** What will happen, and when, before the button that does it. */
function Consequences({ t, person: { id, name, organizations } }: { t: StaffVisit['t']; person: Person }) {
  return (
    <Panel padded>
      <ActionForm action={endForStaff} hidden={{ staffId: id }}>
        <p>
          <LongNames names={[name]}>{t('staff.people.ending.now', { name })}</LongNames>
        </p>
        <div>
          <p>{t('staff.people.ending.assignments', { count: organizations.length })}</p>
          <ul className="bullets">
            {organizations.map((organization) => (
              <li key={organization.slug}>
                <LongWords>{organization.name}</LongWords>
              </li>
            ))}
          </ul>
        </div>
        <p>{t('staff.people.ending.work')}</p>
        <p>{t('staff.people.ending.again')}</p>
        <div className="row">
          <SubmitButton variant="danger" pendingText={t('shell.busy')}>
            {t('staff.people.end_label', { name })}
          </SubmitButton>
          <LinkButton variant="quiet" href={here}>
            {t('staff.people.ending.cancel')}
          </LinkButton>
        </div>
      </ActionForm>
    </Panel>
  )
}
