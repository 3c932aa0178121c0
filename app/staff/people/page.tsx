import { randomUUID } from 'node:crypto'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { requireStaff, type StaffVisit } from '@/app/_request/staff'
import { Done } from '@/components/done'
import { ActionForm, SelectField, TextField } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongWords } from '@/components/ui/long-names'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { asStaff } from '@/db/scope'
import { env } from '@/lib/env'
import { staffWithAssignments } from '@/lib/staff/queries'
import { addToStaff, assignTo, takeAway } from '../actions'
import { StaffFrame } from '../frame'

const doneMessages = ['assigned', 'unassigned', 'added', 'ended'] as const

interface Props {
  searchParams: Promise<{ done?: unknown }>
}

export const generateMetadata = organizationTitle(async (_props: Props) => {
  const { t } = await requireStaff('staff.read')
  return t('staff.people.title')
})

export default organizationPage(StaffPeoplePage)

async function StaffPeoplePage({ searchParams }: Props) {
  const visit = await requireStaff('staff.read')
  const { t, session } = visit
  const { done } = await searchParams
  const said = doneMessages.find((one) => one === done)
  const people = await asStaff(session.personId, staffWithAssignments)
  return (
    <StaffFrame visit={visit} current="people">
      <PageHead
        title={t('staff.people.title')}
        sentence={t('staff.people.sentence', { count: people.length, vendor: env().VENDOR_NAME })}
      />
      {said && <Done>{t(`staff.people.done.${said}`)}</Done>}
      {people.map((person) => (
        <Person key={person.id} visit={visit} person={person} />
      ))}
      <AddSomebody t={t} />
    </StaffFrame>
  )
}

function AddSomebody({ t }: Pick<StaffVisit, 't'>) {
  return (
    <Section title={t('staff.people.add_title')}>
      <Panel padded>
        <ActionForm action={addToStaff} hidden={{ idempotencyKey: randomUUID() }}>
          <TextField
            name="email"
            type="email"
            label={t('staff.people.email')}
            maxLength={254}
            autoComplete="off"
            required
          />
          <TextField name="name" label={t('staff.people.name')} maxLength={200} autoComplete="off" />
          <SelectField
            name="role"
            label={t('staff.people.role_label')}
            options={(['account_manager', 'admin'] as const).map((value) => ({
              value,
              text: t(`staff.people.role.${value}`),
            }))}
          />
          <div className="row">
            <SubmitButton icon="plus" pendingText={t('shell.busy')}>
              {t('staff.people.add')}
            </SubmitButton>
          </div>
        </ActionForm>
      </Panel>
    </Section>
  )
}

type Member = Awaited<ReturnType<typeof staffWithAssignments>>[number]

interface Shown {
  visit: StaffVisit
  person: Member
}

function Person({ visit, person }: Shown) {
  const { t, session } = visit
  const { id, name, email, role, organizations } = person
  const own = id === session.personId
  return (
    <Section
      title={name}
      note={[own && t('staff.people.you'), t(`staff.people.role.${role}`), email !== name && email]
        .filter(Boolean)
        .join(' · ')}
    >
      <Panel padded>
        <div className="form">
          <div className="form tight">
            <p>{t(organizations.length > 0 ? 'staff.people.assigned_to' : 'staff.people.assigned_none')}</p>
            <Assigned visit={visit} person={person} />
          </div>
          <Assign visit={visit} person={person} />
          {!own && (
            <div className="row">
              <LinkButton
                small
                variant="quiet"
                icon="x"
                href={`/staff/people/${id}/end`}
                label={t('staff.people.end_label', { name })}
              >
                {t('staff.people.end')}
              </LinkButton>
            </div>
          )}
        </div>
      </Panel>
    </Section>
  )
}

function Assigned({ visit: { t }, person: { id, name, organizations } }: Shown) {
  return organizations.map((organization) => (
    <ActionForm
      key={organization.slug}
      action={takeAway}
      hidden={{ organization: organization.slug, staffId: id }}
    >
      <div className="row">
        <a className="link break-words" href={`/${organization.slug}`}>
          <LongWords>{organization.name}</LongWords>
        </a>
        <SubmitButton
          small
          variant="quiet"
          label={t('staff.people.take_away_label', { organization: organization.name, name })}
          pendingText={t('shell.busy')}
        >
          {t('staff.people.take_away')}
        </SubmitButton>
      </div>
    </ActionForm>
  ))
}

function Assign({ visit: { t }, person: { id, name } }: Shown) {
  return (
    <ActionForm action={assignTo} hidden={{ staffId: id }}>
      <TextField
        name="organization"
        label={t('staff.people.organization')}
        maxLength={40}
        autoComplete="off"
        required
      />
      <div className="row">
        <SubmitButton small label={t('staff.people.assign_label', { name })} pendingText={t('shell.busy')}>
          {t('staff.people.assign')}
        </SubmitButton>
      </div>
    </ActionForm>
  )
}
