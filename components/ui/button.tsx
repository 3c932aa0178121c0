import { type ButtonHTMLAttributes, type ReactNode, useId } from 'react'
import { Icon, type IconName } from './icon'
import { LongWords } from './long-names'

export type ButtonVariant = 'primary' | 'default' | 'quiet' | 'danger'

type Look = {
  variant?: ButtonVariant | undefined
  small?: boolean | undefined
  icon?: IconName | undefined
  children?: ReactNode
  /** The name for screen readers where the words alone do not say on what the button acts. */
  label?: string | undefined
}

export type ButtonProps = Look &
  Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className' | 'disabled' | 'aria-label'> & {
    /** A sentence: why this cannot be pressed. It stands under the button; without one no button is disabled. */
    reason?: string | undefined
    pending?: boolean | undefined
  }

/** A button. `type` is `submit` unless given, as in HTML. */
export function Button({ variant, small, icon, children, label, reason, pending, ...rest }: ButtonProps) {
  const id = useId()
  const className = buttonClass({ variant, small })
  const content = (
    <>
      {pending ? <Icon name="loader-circle" /> : icon && <Icon name={icon} />}
      <LongWords>{children}</LongWords>
    </>
  )
  if (reason)
    // Not `disabled`: it can still be reached by keyboard, so that its reason is heard. type=button submits nothing.
    return (
      <span className="row">
        <button type="button" className={className} aria-label={label} aria-disabled aria-describedby={id}>
          {content}
        </button>
        <span id={id} className="because">
          {reason}
        </span>
      </span>
    )
  return (
    <button {...rest} className={className} aria-label={label} aria-busy={pending || undefined}>
      {content}
    </button>
  )
}

/** A link that looks like a button, for what leads somewhere and changes nothing. */
export function LinkButton({
  href,
  variant,
  small,
  icon,
  children,
  label,
  download,
}: Look & { href: string; download?: boolean | undefined }) {
  return (
    <a className={buttonClass({ variant, small })} href={href} aria-label={label} download={download}>
      {icon && <Icon name={icon} />}
      <LongWords>{children}</LongWords>
    </a>
  )
}

/** For the tag of a message that stands around an address: `<mail>{support}</mail>`. */
export const mailTo = (email: string) => (chunks: ReactNode) => (
  <a className="link" href={`mailto:${email}`}>
    {chunks}
  </a>
)

function buttonClass({ variant, small }: Pick<Look, 'variant' | 'small'>): string {
  return `btn${variant && variant !== 'default' ? ` ${variant}` : ''}${small ? ' small' : ''}`
}
