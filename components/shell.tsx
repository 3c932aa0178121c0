import type { ReactNode } from 'react'
import { Icon, type IconName } from './ui/icon'
import { longName } from './ui/long-name'
import { LongWords } from './ui/long-names'

/** Somebody or something with a name: one or two letters in a square, the name, and a note below it. */
export type Who = { mark: string; name: string; note: string }

export type NavItem = {
  href: string
  text: string
  icon: IconName
  current?: boolean
  /** `text` says what is counted, for a screen reader: "3 things need you". */
  count?: { value: number; text: string } | undefined
}

type ShellProps = {
  labels: {
    skip: string
    navigation: string
    menu: string
    switchOrganization: string
    account: string
  }
  /** For whom: an organization, or the vendor in the staff's console. */
  at: Who
  /** Where one may go instead, `at` itself included and `current`. Fewer than two: no switcher. */
  others: (Who & { href: string; current?: boolean })[]
  nav: NavItem[]
  person: Who
  /** The person's menu: links, then the forms for language, theme and signing out. */
  personMenu: ReactNode
  /** In the demo alone: what moves its clock. */
  demo: ReactNode
  children: ReactNode
}

/** The frame of every page behind the sign-in. All of it opens and closes by the browser alone. */
export function Shell({ labels, at, others, nav, person, personMenu, demo, children }: ShellProps) {
  return (
    <>
      <a className="btn skip" href="#main">
        {labels.skip}
      </a>
      <header className="bar">
        <span className="mark" aria-hidden="true">
          {at.mark}
        </span>
        <b {...longName(at.name)}>{at.name}</b>
        <button type="button" className="btn small" popoverTarget="rail">
          <Icon name="menu" />
          {labels.menu}
        </button>
      </header>
      <div className="shell">
        <nav className="rail" id="rail" popover="auto" aria-label={labels.navigation}>
          <Switcher at={at} others={others} label={labels.switchOrganization} />
          {nav.map((item) => (
            <NavLink key={item.href} {...item} />
          ))}
          <div className="end">
            {demo}
            <button type="button" className="who" popoverTarget="person-menu" aria-label={labels.account}>
              <WhoText {...person} calm />
              <Icon name="chevrons-up-down" />
            </button>
            <div id="person-menu" popover="auto" className="menu up">
              {personMenu}
            </div>
          </div>
        </nav>
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
    </>
  )
}

function Switcher({ at, others, label }: Pick<ShellProps, 'at' | 'others'> & { label: string }) {
  if (others.length < 2)
    return (
      <div className="who">
        <WhoText {...at} />
      </div>
    )
  return (
    <>
      <button type="button" className="who" popoverTarget="organizations" aria-label={label}>
        <WhoText {...at} />
        <Icon name="chevrons-up-down" />
      </button>
      <div id="organizations" popover="auto" className="menu start">
        {others.map(({ href, current, ...who }) => (
          <a key={href} href={href} aria-current={current ? 'true' : undefined} className="who">
            <WhoText {...who} calm={!current} />
          </a>
        ))}
      </div>
    </>
  )
}

function NavLink({ href, text, icon, current, count }: NavItem) {
  return (
    <a className="nav" href={href} aria-current={current ? 'page' : undefined}>
      <Icon name={icon} />
      <LongWords>{text}</LongWords>
      {count && count.value > 0 && (
        <span className="count">
          <span aria-hidden="true">{count.value}</span>
          <span className="sr-only">{count.text}</span>
        </span>
      )}
    </a>
  )
}

function WhoText({ mark, name, note, calm }: Who & { calm?: boolean }) {
  return (
    <>
      <span className={calm ? 'mark calm' : 'mark'} aria-hidden="true">
        {mark}
      </span>
      <span>
        <span {...longName(name)}>{name}</span>
        <small>{note}</small>
      </span>
    </>
  )
}
