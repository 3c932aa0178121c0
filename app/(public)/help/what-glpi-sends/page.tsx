import type { Metadata } from 'next'
import { currentTranslator } from '@/app/_request/session'
import { PageHead, Section } from '@/components/ui/panel'
import { codeDays } from '@/lib/activations/refusal-code'
import { keptDays, usualGraceDays } from '@/lib/activations/rules'

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('help.title') }
}

/** `docs/what-glpi-sends.md` in the reader's language, for who comes from an instance's page or GLPI's message. */
export default async function WhatGlpiSendsPage() {
  const t = await currentTranslator()
  const sent = (['key', 'installation', 'url', 'versions', 'network'] as const).map((one) =>
    t(`help.sent.${one}`),
  )
  const kept = (
    ['calls', 'days', 'seen', 'questions', 'unlisted', 'activations', 'handovers', 'offline', 'key'] as const
  ).map((one) => t(`help.kept.${one}`, { days: keptDays, codeDays }))
  return (
    <>
      <PageHead title={t('help.title')} sentence={t('help.sentence')} />
      <Section title={t('help.sent.title')}>
        <List lines={sent} />
      </Section>
      <Section title={t('help.kept.title')}>
        <List lines={kept} />
      </Section>
      <Section title={t('help.again.title')}>
        <p>{t('help.again.text', { grace: usualGraceDays })}</p>
      </Section>
      <Section title={t('help.who.title')}>
        <p>{t('help.who.text')}</p>
        <p className="mt-3">
          <a className="link" href="/help/glpi">
            {t('glpi.link')}
          </a>
        </p>
      </Section>
    </>
  )
}

const List = ({ lines }: { lines: string[] }) => (
  <ul className="flex list-disc flex-col gap-2 pl-5">
    {lines.map((line) => (
      <li key={line}>{line}</li>
    ))}
  </ul>
)
