import { Icon } from '@/components/ui/icon'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { dayText } from '@/lib/messages/dates'
import { currentLanguage, currentTranslator } from './session'

/** In the sandbox alone: its clock can be moved, so that a year of renewals is seen in a minute. */
export async function DemoClock() {
  const { SANDBOX_CLOCK_FILE, SANDBOX_STRIPE_URL, PUBLIC_URL } = env()
  if (!SANDBOX_CLOCK_FILE || !SANDBOX_STRIPE_URL) return null
  const [t, language] = [await currentTranslator(), await currentLanguage()]
  const day = dayText(now().toISOString().slice(0, 10), language)
  return (
    <>
      <button type="button" className="who" popoverTarget="demo-clock">
        <Icon name="clock" />
        <span>{t('shell.demo.label', { day })}</span>
      </button>
      <form id="demo-clock" popover="auto" className="menu up" method="post" action={SANDBOX_STRIPE_URL}>
        <input type="hidden" name="back" value={PUBLIC_URL} />
        {[1, 30, 365].map((days) => (
          <button key={days} type="submit" name="days" value={days}>
            {t('shell.demo.later', { days })}
          </button>
        ))}
      </form>
    </>
  )
}
