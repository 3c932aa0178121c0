import type { FormState } from './form-state'

type SignIn = Extract<FormState, { status: 'failed' }>['signIn']

/** Why something was not done; where signing in again is the way on, with the link to it, in a tab of its own. */
export function Failure({ message, signIn }: { message: string; signIn?: SignIn | undefined }) {
  if (!signIn) return message
  return (
    <>
      {message}{' '}
      <a className="link" href={signIn.href} target="_blank" rel="noreferrer">
        {signIn.text}
      </a>
    </>
  )
}
