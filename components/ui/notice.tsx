import type { ReactNode, Ref } from 'react'
import { Icon, type IconName } from './icon'
import { LongWords } from './long-names'
import type { Tone } from './state'

const icons: Record<Tone, IconName> = {
  ok: 'circle-check',
  soon: 'clock',
  bad: 'circle-exclamation-point',
  calm: 'info',
  trial: 'flask-conical',
  info: 'arrow-right',
}

/**
 * Feedback in place: what was done, what is wrong, what comes next. It is announced without moving the focus;
 * `silent` for what stood there from the start.
 */
export function Notice({
  tone,
  icon,
  silent,
  ref,
  children,
}: {
  tone: Tone
  icon?: IconName | undefined
  silent?: boolean | undefined
  /** For who gives it the focus. */
  ref?: Ref<HTMLDivElement>
  children: ReactNode
}) {
  return (
    <div
      className={`notice ${tone}`}
      role={silent ? undefined : 'status'}
      ref={ref}
      tabIndex={ref ? -1 : undefined}
    >
      <Icon name={icon ?? icons[tone]} />
      <div>{children}</div>
    </div>
  )
}

/** What a list says when it has nothing in it: what would stand there, and how to begin. */
export function Empty({
  icon,
  title,
  children,
  actions,
}: {
  icon: IconName
  title: ReactNode
  children?: ReactNode
  actions?: ReactNode
}) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <b>
        <LongWords>{title}</LongWords>
      </b>
      {children && <p>{children}</p>}
      {actions && <div className="row">{actions}</div>}
    </div>
  )
}
