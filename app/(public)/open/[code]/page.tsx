import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { currentTranslator, requireSession } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { PageHead } from '@/components/ui/panel'
import { findNamed } from '@/lib/activations/find'
import { nameJoint } from '@/lib/activations/named'
import { codeDays } from '@/lib/activations/refusal-code'
import { now } from '@/lib/clock'
import { Refused } from '@/lib/errors'
import type { Translate } from '@/lib/messages/translator'
import type { Session } from '@/lib/people/session'
import { CodeForm } from '../code-form'

interface Props {
  params: Promise<{ code: string }>
}

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('questions.code.title') }
}

/**
 * What GLPI's message leads to: the case that a refusal code names, or the key or instance of a short ID. What is not
 * found, not theirs or over is answered alike. Of several the one that leads to something; where more do, which is asked.
 */
export default async function OpenPage({ params }: Props) {
  const session = await requireSession()
  const t = await currentTranslator()
  const found = await pathsOf(session, (await params).code)
  if (found !== 'often') {
    const paths = new Set(found.map(({ path }) => path))
    const [only, other] = paths
    if (only && !other) redirect(only)
    if (other) return <Which found={found} t={t} />
  }
  const often = found === 'often'
  return (
    <>
      <PageHead
        title={t(often ? 'questions.open.often_title' : 'questions.open.title')}
        sentence={often ? t('questions.open.often') : t('questions.open.text', { days: codeDays })}
      />
      {!often && <CodeForm t={t} />}
    </>
  )
}

interface Found {
  named: string
  path: string
}

function Which({ found, t }: { found: Found[]; t: Translate }) {
  const kinds: Record<string, string> = { K: 'key', I: 'instance' }
  return (
    <>
      <PageHead title={t('questions.open.which_title')} sentence={t('questions.open.which')} />
      <div className="row">
        {found.map(({ named, path }) => (
          <LinkButton key={named} href={path}>
            {t('questions.open.one', {
              named,
              what: (named.includes('-') && kinds[named.charAt(0)]) || 'question',
            })}
          </LinkButton>
        ))}
      </div>
    </>
  )
}

const mostNames = 5

async function pathsOf({ personId, staff, memberships }: Session, typed: string): Promise<Found[] | 'often'> {
  const organizationIds = memberships.map(({ organizationId }) => organizationId)
  const found: Found[] = []
  try {
    for (const named of typed.split(nameJoint).slice(0, mostNames)) {
      const path = await findNamed({ personId, isStaff: staff !== null, organizationIds }, named, now())
      if (path) found.push({ named, path })
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    if (found.length === 0) return 'often'
  }
  return found
}
