import { redirect } from 'next/navigation'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { requireStaff, type StaffVisit } from '@/app/_request/staff'
import { Mistyped } from '@/app/(portal)/[org]/keys/mistyped'
import { Button } from '@/components/ui/button'
import { SearchInput } from '@/components/ui/field'
import { Empty, Notice } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { asStaff } from '@/db/scope'
import { now } from '@/lib/clock'
import { findKeys, lastFour } from '@/lib/keys/format'
import { mistypedKey } from '@/lib/keys/mistyped'
import { paymentMatters } from '@/lib/payments/staff-matters'
import { sells } from '@/lib/payments/stripe'
import { filesAfterRefund } from '@/lib/staff/files-after-refund'
import { paymentsForStaff } from '@/lib/staff/payments'
import { organizationsOf } from '@/lib/staff/queries'
import { countRequests } from '@/lib/staff/requests'
import { searchEverywhere } from '@/lib/staff/search'
import { Found, OrganizationTable } from './found'
import { StaffFrame } from './frame'
import { Payments } from './payments'

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export const generateMetadata = organizationTitle(async (_props: Props) => {
  const { t } = await requireStaff('staff.search')
  return t('staff.search.title')
})

export default organizationPage(StaffPage)

async function StaffPage({ searchParams }: Props) {
  const visit = await requireStaff('staff.search')
  const query = await searchParams
  const { t, session } = visit
  const search = typeof query.q === 'string' ? query.q.replaceAll('\0', '').trim().slice(0, 200) : ''
  // Somebody put it into the address by hand.
  const [key] = findKeys(search)
  if (key) redirect(`/staff?q=${lastFour(key)}`)
  const mistyped = mistypedKey(search)
  if (mistyped) redirect(`/staff?${new URLSearchParams(mistyped)}`)
  return (
    <StaffFrame visit={visit} current="search">
      <PageHead title={t('staff.search.title')} sentence={t('staff.search.sentence')} />
      <search>
        <form className="filters" action="/staff/search" method="post" autoComplete="off">
          <SearchInput
            name="q"
            label={t('staff.search.box')}
            placeholder={t('staff.search.box')}
            defaultValue={search}
            maxLength={2_000}
          />
          <Button type="submit" variant="primary">
            {t('staff.search.apply')}
          </Button>
        </form>
      </search>
      <Mistyped query={query} t={t} />
      {query.key === 'unknown' && (
        <Panel>
          <Empty icon="key" title={t('staff.search.no_key_title')}>
            {t('staff.search.no_key_text')}
          </Empty>
        </Panel>
      )}
      {search ? (
        <Found
          t={t}
          search={search}
          found={await asStaff(session.personId, (tx) => searchEverywhere(tx, search))}
          quiet={query.key === 'unknown'}
        />
      ) : (
        <Standing visit={visit} />
      )}
    </StaffFrame>
  )
}

/** How things stand, where nothing is looked for: what has to be decided comes first. */
async function Standing({ visit }: { visit: StaffVisit }) {
  const { session } = visit
  const at = now()
  const { mine, matters, files, standing, waiting } = await asStaff(session.personId, async (tx) => ({
    mine: await organizationsOf(tx, session.personId),
    matters: await paymentMatters(tx),
    files: await filesAfterRefund(tx, at),
    standing: sells() ? await paymentsForStaff(tx) : null,
    waiting: await countRequests(
      tx,
      { assignedTo: visit.role === 'admin' ? null : session.personId, kind: null },
      at,
    ),
  }))
  const payments = (
    <Payments
      visit={visit}
      standing={standing}
      matters={matters}
      files={files}
      mine={mine.map(({ slug }) => slug)}
    />
  )
  const urgent = matters.length + files.length + (standing?.differences.length ?? 0) > 0
  return (
    <>
      {waiting > 0 && <Waiting visit={visit} waiting={waiting} />}
      {urgent && payments}
      <Mine visit={visit} mine={mine} />
      {!urgent && payments}
    </>
  )
}

/** That members wait for a decision. */
const Waiting = ({ visit: { t }, waiting }: { visit: StaffVisit; waiting: number }) => (
  <Notice tone="soon" silent>
    {t('requests.sentence', { count: waiting })}{' '}
    <a className="link" href="/staff/requests">
      {t('requests.see')}
    </a>
  </Notice>
)

interface MineProps {
  visit: StaffVisit
  mine: Awaited<ReturnType<typeof organizationsOf>>
}

/** What one looks after. */
function Mine({ visit: { t, role }, mine }: MineProps) {
  if (mine.length === 0 && role === 'admin') return null
  return (
    <Section title={t('staff.search.mine')}>
      <Panel>
        {mine.length > 0 ? (
          <OrganizationTable rows={mine} />
        ) : (
          <Empty icon="users" title={t('staff.search.mine_none_title')}>
            {t('staff.search.mine_none_text')}
          </Empty>
        )}
      </Panel>
    </Section>
  )
}
