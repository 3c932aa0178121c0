'use client'

import {
  createContext,
  type FormEvent,
  type MouseEvent,
  type ReactNode,
  useActionState,
  useContext,
  useEffect,
  useRef,
  useState,
  useTransition,
} from 'react'
import { copyBySelection } from './clipboard'
import { Failure } from './failure'
import type { FormState } from './form-state'
import { Button } from './ui/button'
import { KeyField } from './ui/key-field'
import { Notice } from './ui/notice'
import { newVersion } from './unanswered'

export interface Revealed {
  keyId: string
  key: string
  /** Whether it is meant for the clipboard. */
  copied: boolean
  /** What stands over a key that is not on the clipboard. */
  shown: string
  /** That it is the old one, and which key waits to take its place. */
  newer: string | null
  label: string
  /** What to do next in GLPI. */
  lead: string
  steps: string[]
}

type State = FormState<Revealed>

interface Labels {
  byHand: string
  working: string
  copy: string
  copied: string
  show: string
  hide: string
  unreachable: string
}

/** What the desk knows of the key whose button was pressed last, for the key's own place. */
interface AtDesk {
  labels: Labels
  /** The button's value: what was asked for, and the key's ID. */
  pressed: string | null
  /** Null until the server has answered. */
  state: State | null
  /** On the screen: asked for, or the clipboard could not be written. */
  open: boolean
  byHand: boolean
  /** The server has been asked, and has not answered. */
  pending: boolean
  hide: (event: MouseEvent) => void
}

const Desk = createContext<AtDesk | null>(null)

function useDesk(keyId: string) {
  const desk = useContext(Desk)
  if (!desk) throw new Error('this stands in a KeyDesk')
  const { labels, byHand, hide } = desk
  const state = desk.pressed?.endsWith(keyId) ? desk.state : null
  const done = state?.status === 'done' ? state : null
  const asked = desk.pending ? desk.pressed : null
  return { labels, byHand, hide, state, done, asked, open: done !== null && desk.open }
}

const idle: State = { status: 'idle' }

/**
 * One for a whole list of keys. The buttons in it, `name="reveal"` with the value `copied <key ID>` or `shown <key ID>`,
 * submit the form around them, so they work without JavaScript: the key is then shown above the list, by its name, to be
 * selected. With it the key goes to the clipboard, and the answer appears at the key, where its `KeyAnswer` stands.
 */
export function KeyDesk({
  action,
  organization,
  labels,
  children,
}: {
  action: (state: State, form: FormData) => Promise<State>
  organization: string
  labels: Labels
  children: ReactNode
}) {
  const [posted, submit] = useActionState(action, idle)
  const { desk, press } = useAnswers(action, labels)
  const { pending } = desk
  // What a form without JavaScript brought back was put on no clipboard.
  const plain = desk.state === null && !pending
  return (
    <form action={submit} onSubmit={press}>
      <input type="hidden" name="organization" value={organization} />
      <p className="sr-only" role="status">
        {pending && labels.working}
      </p>
      {plain && posted.status === 'failed' && <Refusal state={posted} />}
      {plain && posted.status === 'done' && (
        <div className="answer">
          <KeyField characters={posted.data.key} label={posted.data.label} />
          <NextStep data={posted.data} message={posted.data.shown} />
        </div>
      )}
      <Desk value={desk}>{children}</Desk>
    </form>
  )
}

/** What the server answered to the button that was pressed last, and what that puts on the clipboard. */
function useAnswers(action: (state: State, form: FormData) => Promise<State>, labels: Labels) {
  const [answered, setAnswered] = useState<State>(idle)
  const [byHand, setByHand] = useState(false)
  const [pressed, setPressed] = useState<string | null>(null)
  const [pending, startTransition] = useTransition()
  const last = useRef({ value: '', at: 0 })

  const press = (event: FormEvent<HTMLFormElement>) => {
    const { submitter } = event.nativeEvent as SubmitEvent // a submit event's native event is one
    if (!(submitter instanceof HTMLButtonElement) || submitter.name !== 'reveal') return
    event.preventDefault()
    // The second click of a double click asks for nothing more.
    const again = submitter.value === last.current.value && event.timeStamp - last.current.at < 1_000
    if (again) return
    last.current = { value: submitter.value, at: event.timeStamp }
    const form = new FormData(event.currentTarget, submitter)
    form.set('spoken', document.documentElement.lang)
    // The last answer speaks of another key than the one that the clipboard will hold.
    setAnswered(idle)
    setPressed(submitter.value)
    // Neither is a reason to lose the page: no connection, and a new version.
    const asked = action(idle, form).catch((error) => newVersion(error) ?? failed(labels.unreachable))
    // Begun within the click: some browsers let a page write to the clipboard only then.
    const copied = submitter.value.startsWith('copied') ? copy(asked) : Promise.resolve(true)
    startTransition(async () => {
      const [answer, onClipboard] = await Promise.all([asked, copied])
      // Then to press again is to try again.
      if (answer.status === 'failed') last.current = { value: '', at: 0 }
      setByHand(!onClipboard)
      setAnswered(answer)
    })
  }

  const hide = (event: MouseEvent) => {
    // It is the button that showed the key, and would show it again.
    event.preventDefault()
    last.current = { value: '', at: 0 }
    setAnswered(idle)
  }
  const desk: AtDesk = {
    labels,
    pressed,
    state: answered.status === 'idle' ? null : answered,
    open: byHand || (answered.status === 'done' && !answered.data.copied),
    byHand,
    pending,
    hide,
  }
  return { desk, press }
}

const failed = (message: string): State => ({ status: 'failed', message, fields: {}, values: {} })

const Refusal = ({ state }: { state: Extract<State, { status: 'failed' }> }) => (
  <Notice tone="bad">
    <Failure message={state.message} link={state.link} />
  </Notice>
)

const NextStep = ({ data, message }: { data: Revealed; message: string }) => (
  <Notice tone="info">
    <p>{message}</p>
    {data.newer && <p>{data.newer}</p>}
    <p>
      <b>{data.lead}</b> {data.steps.join(' ')}
    </p>
  </Notice>
)

/** The buttons' names for a screen reader, by what stands on them. */
export type ButtonNames = Record<'copy' | 'copied' | 'show' | 'hide', string>

/** Copy and Show of one key. Whichever was pressed says what came of it: "Copied", and Hide in the place of Show. */
export function RevealButtons({
  keyId,
  names,
  primary,
}: {
  keyId: string
  names: ButtonNames
  /** Copying is the next thing to do with this key. */
  primary?: boolean
}) {
  const { labels, done, asked, open, hide } = useDesk(keyId)
  const [copying, showing] = [`copied ${keyId}`, `shown ${keyId}`]
  const copied = done?.data.copied && !open
  return (
    <>
      <Button
        small
        variant={primary && !copied ? 'primary' : undefined}
        icon={copied ? 'check' : 'copy'}
        name="reveal"
        value={copying}
        pending={asked === copying}
        label={copied ? names.copied : names.copy}
      >
        {copied ? labels.copied : labels.copy}
      </Button>
      <Button
        small
        variant="quiet"
        icon={open ? 'eye-off' : 'eye'}
        name="reveal"
        value={showing}
        pending={asked === showing}
        onClick={open ? hide : undefined}
        label={open ? names.hide : names.show}
      >
        {open ? labels.hide : labels.show}
      </Button>
    </>
  )
}

/** The key itself while it is shown; else `mask`. */
export function ShownKey({ keyId, mask }: { keyId: string; mask?: ReactNode }) {
  const { done, open, byHand } = useDesk(keyId)
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const characters = open && byHand && place.current?.querySelector('.chars')
    if (characters) getSelection()?.selectAllChildren(characters)
  }, [open, byHand])
  if (!done || !open) return mask
  return (
    <div ref={place} className="shown">
      <KeyField characters={done.data.key} label={done.data.label} />
    </div>
  )
}

/** What came of the button, below the key: why not, or what to do next in GLPI. */
export function KeyAnswer({ keyId }: { keyId: string }) {
  const { labels, state, byHand } = useDesk(keyId)
  if (state?.status === 'failed') return <Refusal state={state} />
  if (state?.status !== 'done') return null
  return <NextStep data={state.data} message={byHand ? labels.byHand : state.message} />
}

/** The key of which a list has to show an answer now; null for none. */
export function useAnswered(): string | null {
  const desk = useContext(Desk)
  return (desk?.state && desk.pressed?.split(' ')[1]) ?? null
}

/** Puts exactly the key on the clipboard. False where the browser does not let a page do that. */
async function copy(asked: Promise<State>): Promise<boolean> {
  const key = asked.then((state) => (state.status === 'done' ? state.data.key : null))
  try {
    if (window.isSecureContext && typeof ClipboardItem === 'function') {
      const blob = key.then((text) => {
        // What was on the clipboard stays there.
        if (text === null) throw new Error('there is no key')
        return new Blob([text], { type: 'text/plain' })
      })
      await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })])
      return true
    }
  } catch {
    // refused, or too late: the older way may still do
  }
  const text = await key
  return text !== null && copyBySelection(text)
}
