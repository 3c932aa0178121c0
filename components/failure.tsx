/** Why something was not done; where signing in again is the way on, with the link to it, in a tab of its own. */
export function Failure({ message, signIn }: { message: string; signIn?: string | undefined }) {
  if (!signIn) return message
  return (
    <>
      {message}{' '}
      <a className="link" href="/sign-in" target="_blank" rel="noreferrer">
        {signIn}
      </a>
    </>
  )
}
