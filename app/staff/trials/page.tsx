import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { requireStaff, type StaffVisit } from '@/app/_request/staff'
import { LongWords } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { asStaff } from '@/db/scope'
import { now } from '@/lib/clock'
import { monthText } from '@/lib/messages/dates'
import {
  countTrialSteps,
  latestMonths,
  shareOf,
  sumOfSteps,
  type TrialSteps,
  trialSteps,
  triedProducts,
} from '@/lib/staff/trial-funnel'
import { StaffFrame } from '../frame'

const monthsShown = 12

interface Props {
  /** The one that is looked at. */
  searchParams: Promise<{ product?: unknown }>
}

export const generateMetadata = organizationTitle(async (_props: Props) => {
  const { t } = await requireStaff('trial.count')
  return t('staff.trials.title')
})

export default organizationPage(StaffTrialsPage)

/** How many came how far from a look at a trial to a purchase: by month, and by product. */
async function StaffTrialsPage({ searchParams }: Props) {
  const visit = await requireStaff('trial.count')
  const { t, session, language } = visit
  const months = latestMonths(now(), monthsShown)
  const { counted, products } = await asStaff(session.personId, async (tx) => {
    const counted = await countTrialSteps(tx, months.at(-1) ?? '')
    return { counted, products: await triedProducts(tx, counted) }
  })
  const { product } = await searchParams
  const chosen = products.find(({ id }) => id === product)
  const ofChosen = counted.filter(({ productId }) => !chosen || productId === chosen.id)
  const ofMonth = Map.groupBy(ofChosen, ({ month }) => month)
  const byMonth = months.flatMap((month, ago) => {
    const rows = ofMonth.get(month) ?? []
    // This one in any case: that nothing has happened in it yet is worth knowing.
    return rows.length > 0 || ago === 0 ? [{ name: monthText(month, language), steps: sumOfSteps(rows) }] : []
  })
  const byProduct = products.map(({ id, name }) => ({
    name,
    href: `/staff/trials?product=${id}#months`,
    steps: sumOfSteps(counted.filter(({ productId }) => productId === id)),
  }))
  return (
    <StaffFrame visit={visit} current="trials">
      <PageHead title={t('staff.trials.title')} sentence={t('staff.trials.sentence', sumOfSteps(counted))} />
      {counted.length === 0 && (
        <Panel>
          <Empty icon="flask-conical" title={t('staff.trials.none_title')}>
            {t('staff.trials.none_text')}
          </Empty>
        </Panel>
      )}
      {byProduct.length > 0 && (
        <Section
          title={t('staff.trials.by_product')}
          note={t('staff.trials.months', { months: monthsShown })}
        >
          <Steps visit={visit} head={t('staff.trials.product')} rows={byProduct} />
        </Section>
      )}
      <Section id="months" title={t('staff.trials.by_month')} note={chosen && <Chosen {...chosen} t={t} />}>
        <Steps visit={visit} head={t('staff.trials.month')} rows={byMonth} />
        <p className="after text-muted">{t('staff.trials.note')}</p>
      </Section>
    </StaffFrame>
  )
}

/** Of which product the months are, and the way back to all. */
const Chosen = ({ name, t }: { name: string; t: StaffVisit['t'] }) => (
  <>
    <LongWords>{name}</LongWords>{' '}
    <a className="link" href="/staff/trials#months">
      {t('staff.trials.all')}
    </a>
  </>
)

interface StepsProps {
  visit: StaffVisit
  head: string
  rows: { name: string; href?: string; steps: TrialSteps }[]
}

function Steps({ visit: { t, language }, head, rows }: StepsProps) {
  const number = new Intl.NumberFormat(language)
  const percent = new Intl.NumberFormat(language, { style: 'percent' })
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{head}</th>
            {trialSteps.map((step) => (
              <th key={step} scope="col">
                {t(`staff.trials.step.${step}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, href, steps }) => (
            <tr key={name}>
              <td>
                {href ? (
                  <a className="link" href={href}>
                    <LongWords>{name}</LongWords>
                  </a>
                ) : (
                  <b>{name}</b>
                )}
              </td>
              {trialSteps.map((step) => {
                const share = shareOf(steps, step)
                return (
                  <td key={step} data-head={t(`staff.trials.step.${step}`)}>
                    {number.format(steps[step])}
                    {share !== null && <small>{percent.format(share / 100)}</small>}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
