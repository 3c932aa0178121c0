import type { FormState } from './form-state'

type Link = Extract<FormState, { status: 'failed' }>['link']

/** Why something was not done; where the way on leads elsewhere, with the link to it, in a tab of its own. */
export function Failure({ message, link }: { message: string; link?: Link | undefined }) {
  if (!link) return message
  return (
    <>
      {message}{' '}
      <a className="link" href={link.href} target="_blank" rel="noreferrer">
        {link.text}
      </a>
    </>
  )
}
