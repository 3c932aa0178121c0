'use client'

import type { ComponentProps, ReactNode } from 'react'
import { CopyButton } from '@/components/copy-button'
import { Done } from '@/components/done'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { KeyField } from '@/components/ui/key-field'
import { LongNames } from '@/components/ui/long-names'

export interface MadeToken {
  token: string
  name: string
  /** What the token is called for a screen reader. */
  label: string
}

/** The form that makes a token; the token, once it is made, takes its place. */
export function TokenForm({
  labels,
  back,
  children,
  ...form
}: Pick<ComponentProps<typeof ActionForm<MadeToken>>, 'action' | 'hidden'> & {
  labels: ComponentProps<typeof CopyButton>['labels'] & { back: string }
  /** Where one goes on from there. */
  back: string
  children: ReactNode
}) {
  return (
    <ActionForm<MadeToken>
      {...form}
      answer={({ message, data }) => (
        <div className="form">
          <Done>
            <LongNames names={[data.name]}>{message}</LongNames>
          </Done>
          <KeyField characters={data.token} label={data.label} />
          <div className="row">
            <CopyButton text={data.token} labels={labels} />
            <LinkButton variant="quiet" href={back}>
              {labels.back}
            </LinkButton>
          </div>
        </div>
      )}
    >
      {children}
    </ActionForm>
  )
}
