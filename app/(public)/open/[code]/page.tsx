import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { currentTranslator, requireSession } from '@/app/_request/session'
import { PageHead } from '@/components/ui/panel'
import { findNamed } from '@/lib/activations/find'
import { codeDays } from '@/lib/activations/refusal-code'
import { now } from '@/lib/clock'
import { Refused } from '@/lib/errors'
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
 * found, not theirs or over is answered alike.
 */
export default async function OpenPage({ params }: Props) {
  const session = await requireSession()
  const t = await currentTranslator()
  const path = await pathOf(session, (await params).code)
  if (path !== null && path !== 'often') redirect(path)
  const often = path === 'often'
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

async function pathOf({ personId, staff, memberships }: Session, typed: string) {
  const organizationIds = memberships.map(({ organizationId }) => organizationId)
  try {
    return await findNamed({ personId, isStaff: staff !== null, organizationIds }, typed, now())
  } catch (error) {
    if (error instanceof Refused) return 'often'
    throw error
  }
}
