'use client'

import { useFormStatus } from 'react-dom'
import { Button, type ButtonProps } from './button'

/** The submit button of the form around it: while the form's action runs it says so and sends nothing twice. */
export function SubmitButton({ pendingText, children, ...rest }: ButtonProps & { pendingText: string }) {
  const { pending } = useFormStatus()
  return (
    <Button
      {...rest}
      type={pending ? 'button' : 'submit'}
      pending={pending}
      aria-disabled={pending || undefined}
    >
      {pending ? pendingText : children}
    </Button>
  )
}
