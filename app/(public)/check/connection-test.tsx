import { CopyButton } from '@/components/copy-button'
import { connectivityCommands } from '@/lib/activations/connectivity-command'
import { testAnchor } from '@/lib/activations/diagnosis-phrases'
import { env } from '@/lib/env'
import type { Translate } from '@/lib/messages/translator'

/** The two commands by which an administrator finds out what stands between a GLPI server and the portal. */
export function ConnectionTest({ t }: { t: Translate }) {
  const { shell, powerShell } = connectivityCommands(env().PUBLIC_URL)
  const labels = {
    copy: t('check.test.copy'),
    copied: t('check.test.copied'),
    onClipboard: t('check.test.on_clipboard'),
    byHand: t('check.test.by_hand'),
  }
  const commands = [
    { name: t('check.test.shell'), command: shell },
    { name: t('check.test.power_shell'), command: powerShell },
  ]
  return (
    <section className="mt-6" id={testAnchor}>
      <h2>{t('check.test.title')}</h2>
      <p>{t('check.test.text')}</p>
      {commands.map(({ name, command }) => (
        <details key={name} className="mt-3">
          <summary>{name}</summary>
          <code className="command mt-2 mb-2" translate="no">
            {command}
          </code>
          <CopyButton text={command} labels={labels} />
        </details>
      ))}
      <p className="mt-3 text-muted">{t('check.test.proxy')}</p>
    </section>
  )
}
