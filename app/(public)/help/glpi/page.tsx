import type { Metadata } from 'next'
import { currentTranslator } from '@/app/_request/session'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { installationIdQuery } from '@/lib/activations/installation-id'
import { usualGraceDays } from '@/lib/activations/rules'
import { env } from '@/lib/env'
import type { Translate } from '@/lib/messages/translator'

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('glpi.title') }
}

/** `docs/glpi-administrators.md` in the reader's language, for who installs a key or wonders what GLPI says of it. */
export default async function GlpiPage() {
  const t = await currentTranslator()
  const { PUBLIC_URL: portal } = env()
  return (
    <>
      <PageHead title={t('glpi.title')} sentence={t('glpi.sentence')} />
      <Section title={t('glpi.where.title')}>
        <p>{t('glpi.where.text')}</p>
      </Section>
      <Section title={t('glpi.reach.title')}>
        <Reach t={t} portal={new URL(portal)} />
        <p className="mt-3">{t('glpi.reach.text')}</p>
        <p className="mt-3">{t('glpi.reach.outage', { grace: usualGraceDays })}</p>
      </Section>
      <Section title={t('glpi.asks.title')}>
        <AsksPortal t={t} portal={portal} />
      </Section>
      <Section title={t('glpi.installation.title')}>
        <p>{t('glpi.installation.text')}</p>
        <p className="mt-3">{t('glpi.installation.database')}</p>
        <code className="command my-2 whitespace-pre-wrap" translate="no">
          {installationIdQuery}
        </code>
      </Section>
      <Section title={t('glpi.again.title')}>
        <p>{t('glpi.again.text')}</p>
      </Section>
      <Section title={t('glpi.not_valid.title')}>
        <NotValid t={t} command={`curl -v ${portal}/api/ping`} />
      </Section>
      <Section title={t('glpi.sent.title')}>
        <p>{t('glpi.sent.text')}</p>
        <p className="mt-3">
          <a className="link" href="/help/what-glpi-sends">
            {t('help.title')}
          </a>
        </p>
      </Section>
    </>
  )
}

function Reach({ t, portal }: { t: Translate; portal: URL }) {
  const own = portal.port || (portal.protocol === 'https:' ? '443' : '80')
  const ports = { portal: `TCP ${own}`, dns: '53', archives: 'TCP 443' }
  const columns = ['host', 'port', 'who', 'what'] as const
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column}>{t(`glpi.reach.head.${column}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(['portal', 'dns', 'archives'] as const).map((row) => (
            <tr key={row}>
              {columns.map((column) => (
                <td key={column} className="wrap-anywhere" data-head={t(`glpi.reach.head.${column}`)}>
                  {column === 'port'
                    ? ports[row]
                    : t(`glpi.reach.${row}.${column}`, { portal: portal.hostname })}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

/** What it costs stands before how it is done. */
function AsksPortal({ t, portal }: { t: Translate; portal: string }) {
  return (
    <>
      <p>{t('glpi.asks.first')}</p>
      <ul className="mt-2 flex list-disc flex-col gap-2 pl-5">
        {(['marketplace', 'other', 'one'] as const).map((line) => (
          <li key={line}>{t(`glpi.asks.${line}`)}</li>
        ))}
      </ul>
      <p className="mt-3">{t('glpi.asks.gives')}</p>
      <p className="mt-3">{t('glpi.asks.set', { start: '<?php' })}</p>
      <code className="command my-2 whitespace-pre-wrap" translate="no">
        {`define('GLPI_NETWORK_SERVICES', '${portal}');`}
      </code>
      <p>{t('glpi.asks.then')}</p>
      <p className="mt-3">{t('glpi.asks.undo')}</p>
    </>
  )
}

const notValid = ['verdict', 'elsewhere', 'nameless', 'unable', 'line_break', 'not_offered'] as const

function NotValid({ t, command }: { t: Translate; command: string }) {
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th>{t('glpi.not_valid.says')}</th>
            <th>{t('glpi.not_valid.meaning')}</th>
          </tr>
        </thead>
        <tbody>
          {notValid.map((row) => (
            <tr key={row}>
              <td data-head={t('glpi.not_valid.says')}>{t(`glpi.not_valid.${row}.says`)}</td>
              <td className="wrap-anywhere" data-head={t('glpi.not_valid.meaning')}>
                {t(`glpi.not_valid.${row}.meaning`, { command })}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
