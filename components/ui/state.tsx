import type { ReactNode } from 'react'
import { Icon, type IconName } from './icon'

export type Tone = 'ok' | 'soon' | 'bad' | 'calm' | 'trial' | 'info'

/** How something stands: a word and an icon, then a colour. */
export function State({ tone, icon, children }: { tone: Tone; icon: IconName; children: ReactNode }) {
  return (
    <span className={`state ${tone}`}>
      <Icon name={icon} />
      {children}
    </span>
  )
}

/** The icon in its coloured square that begins a line of what needs doing. */
export function Dot({ tone, icon }: { tone: Tone; icon: IconName }) {
  return (
    <span className={`dot ${tone}`}>
      <Icon name={icon} />
    </span>
  )
}
