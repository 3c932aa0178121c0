'use client'

import type { ComponentProps, ReactNode } from 'react'
import { CopyButton } from '@/components/copy-button'
import { ActionForm } from '@/components/form'
import type { FormState } from '@/components/form-state'
import { answerMark } from '@/components/show-answer'
import { Button, LinkButton } from '@/components/ui/button'
import { HiddenKey, KeyField } from '@/components/ui/key-field'
import { Notice } from '@/components/ui/notice'

/** A diagnosis in words (lib/activations/diagnosis-phrases.ts). */
interface Answer {
  tone: 'ok' | 'soon' | 'bad' | 'info'
  title: string
  lines: string[]
  masked: { start: string; end: string; label: string; about: string } | null
  likely: string | null
  remedy: { href: string; text: string } | null
  ask: { text: string; href?: string; proof?: string } | null
}

/** The form that the button to ask sends: not the one around it, whose Enter would press it. */
const askForm = 'ask-to-join'

type Labels = ComponentProps<typeof CopyButton>['labels'] & { likely: string }

/** The form of the check page; the answer stands above it, so that the next thing can be asked. */
export function CheckForm({
  labels,
  action,
  askOwners,
  children,
}: {
  labels: Labels
  action: (state: FormState<Answer>, form: FormData) => Promise<FormState<Answer>>
  askOwners: (state: FormState, form: FormData) => Promise<FormState>
  children: ReactNode
}) {
  return (
    <>
      <ActionForm id={askForm} action={askOwners} hidden={{}} />
      <ActionForm<Answer>
        action={action}
        hidden={{}}
        result={({ data }) => <Diagnosis {...data} labels={labels} />}
      >
        {children}
      </ActionForm>
    </>
  )
}

function Diagnosis({ tone, title, lines, masked, likely, remedy, ask, labels }: Answer & { labels: Labels }) {
  return (
    <Notice tone={tone}>
      <div className="grid gap-2">
        <p className="font-semibold" {...answerMark}>
          {title}
        </p>
        {masked && (
          <>
            <HiddenKey start={masked.start} end={masked.end} label={masked.label} />
            <small>{masked.about}</small>
          </>
        )}
        {lines.map((line) => (
          <p key={line}>{line}</p>
        ))}
        {likely && <KeyField characters={likely} label={labels.likely} />}
        <div className="row">
          {likely && <CopyButton text={likely} labels={labels} />}
          {remedy && (
            <LinkButton href={remedy.href} variant={likely ? 'default' : 'primary'}>
              {remedy.text}
            </LinkButton>
          )}
          {ask?.href && <LinkButton href={ask.href}>{ask.text}</LinkButton>}
          {ask?.proof && (
            <Button
              form={askForm}
              name="ask"
              value={ask.proof}
              variant={remedy || likely ? 'default' : 'primary'}
            >
              {ask.text}
            </Button>
          )}
        </div>
      </div>
    </Notice>
  )
}
