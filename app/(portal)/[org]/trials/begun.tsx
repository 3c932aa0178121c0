import type { Visit } from '@/app/_request/session'
import { Done } from '@/components/done'
import { Panel, Section } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { glpiSteps } from '@/lib/keys/glpi-steps'
import type { KeyRow } from '@/lib/keys/queries'
import type { TrialRow } from '@/lib/trials/queries'
import { KeyTable } from '../keys/table'
import { endWords } from './words'

interface Props {
  visit: Visit
  trial: TrialRow
  row: KeyRow
  now: Date
}

/** A trial that was just begun: its key, to be copied, and where it goes in GLPI. */
export function Begun({ visit, trial, row, now }: Props) {
  const { t, language, organization } = visit
  const { product, shortId } = trial
  const { lead, steps } = glpiSteps(trial, t)
  const speaking = { t, language, timeZone: organization.timeZone, now }
  return (
    <Section title={product}>
      <Done>{t('trials.ready', { product, shortId })}</Done>
      <Panel>
        <KeyTable visit={visit} rows={[row]} speaking={speaking} next={row.id} />
      </Panel>
      {may(organization.role, 'key.reveal') && (
        <ol className="bullets after">
          <li>{t('keys.copy.copy')}</li>
          {[...steps, t('keys.glpi.leave')].map((step, index) => (
            <li key={step}>
              {index === 0 && <b>{lead}</b>} {step}
            </li>
          ))}
        </ol>
      )}
      <p className="after">{endWords(trial, 'end', t)}</p>
    </Section>
  )
}
