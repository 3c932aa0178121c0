import { lastDay, moment } from '@/lib/messages/dates'
import { glpiSteps } from './glpi-steps'
import type { Speaking } from './phrases'
import type { revealKeys } from './reveal'

type Revealed = Awaited<ReturnType<typeof revealKeys>>[number]

/**
 * The text file that hands keys to whoever sets up GLPI: per key its product, where it goes and until when it works.
 * Each key stands alone on its line, so that selecting the line selects the key.
 */
export function keyFile(
  keys: readonly Revealed[],
  about: { organization: string; person: string },
  speaking: Speaking,
): { name: string; text: string } {
  const { t, language, timeZone, now } = speaking
  const [first] = keys
  const instance = first?.instance
  const heading = instance
    ? t('keys.file.heading', { instance })
    : t('keys.file.organization_heading', { organization: about.organization })
  const parts = keys.map((key) => {
    const { lead, steps } = glpiSteps(key, t)
    const until = key.expiresAt
      ? t('keys.works_until', { date: lastDay(key.expiresAt, language, timeZone) })
      : t('keys.never_ends')
    return [
      `${key.product} (${key.shortId})`,
      `${lead} ${steps.join(' ')}`,
      until,
      t('keys.file.key'),
      key.key,
    ]
  })
  const made = t('keys.file.made', { date: moment(now, language, timeZone), name: about.person })
  const lines = [heading, made, t('keys.glpi.leave'), ...parts.flatMap((part) => ['', ...part]), '']
  const name = keys.length === 1 && first ? `${first.shortId}.txt` : 'glpi-keys.txt'
  return { name, text: lines.join('\r\n') }
}
