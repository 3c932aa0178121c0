'use client'

import {
  type FormEvent,
  type ReactNode,
  useActionState,
  useEffect,
  useRef,
  useState,
  useTransition,
} from 'react'
import { createPortal } from 'react-dom'
import { Failure } from './failure'
import type { FormState } from './form-state'
import { Button } from './ui/button'
import { KeyField } from './ui/key-field'
import { Notice } from './ui/notice'

export interface Revealed {
  keyId: string
  key: string
  /** Whether it is meant for the clipboard. */
  copied: boolean
  /** What stands over a key that is not on the clipboard. */
  shown: string
  label: string
  /** What to do next in GLPI. */
  lead: string
  steps: string[]
}

type State = FormState<Revealed>

interface Labels {
  byHand: string
  working: string
  hide: string
  unreachable: string
}

/**
 * One for a whole list of keys. The buttons in it, `name="reveal"` with the value `copied <key ID>` or `shown <key ID>`,
 * submit the form around them, so they work without JavaScript: the key is then shown above the list, by its name, to be
 * selected. With it the key goes to the clipboard, and the answer appears in the key's own slot, `id="slot-<key ID>"`.
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
  const idle: State = { status: 'idle' }
  const [posted, submit] = useActionState(action, idle)
  const [answered, setAnswered] = useState<State>(idle)
  const [byHand, setByHand] = useState(false)
  const [pressed, setPressed] = useState<string | null>(null)
  const button = useRef<HTMLButtonElement>(null)
  const [pending, startTransition] = useTransition()
  // What a form without JavaScript brought back was put on no clipboard.
  const plain = answered.status === 'idle' && !pending
  const state = plain ? posted : answered

  const press = (event: FormEvent<HTMLFormElement>) => {
    const { submitter } = event.nativeEvent as SubmitEvent // a submit event's native event is one
    if (!(submitter instanceof HTMLButtonElement) || submitter.name !== 'reveal') return
    event.preventDefault()
    const form = new FormData(event.currentTarget, submitter)
    // The last answer speaks of another key than the one that the clipboard will hold.
    setAnswered(idle)
    setPressed(submitter.value.split(' ')[1] ?? null)
    button.current = submitter
    // No connection is no reason to lose the page.
    const asked = action(idle, form).catch(() => failed(labels.unreachable))
    // Begun within the click: some browsers let a page write to the clipboard only then.
    const copied = submitter.value.startsWith('copied') ? copy(asked) : Promise.resolve(true)
    startTransition(async () => {
      const [answer, onClipboard] = await Promise.all([asked, copied])
      setByHand(!onClipboard)
      setAnswered(answer)
    })
  }

  const hide = () => {
    setAnswered(idle)
    button.current?.focus()
  }

  return (
    <form action={submit} onSubmit={press}>
      <input type="hidden" name="organization" value={organization} />
      <p className="sr-only" role="status">
        {pending && labels.working}
      </p>
      {state.status === 'failed' && (
        <InSlot keyId={pressed}>
          <Notice tone="bad">
            <Failure message={state.message} signIn={state.signIn} />
          </Notice>
        </InSlot>
      )}
      {state.status === 'done' && (
        <InSlot keyId={plain ? null : state.data.keyId}>
          <Answer
            state={state}
            byHand={byHand}
            plain={plain}
            labels={labels}
            hide={plain ? undefined : hide}
          />
        </InSlot>
      )}
      {children}
    </form>
  )
}

const failed = (message: string): State => ({ status: 'failed', message, fields: {}, values: {} })

/** At its key, once JavaScript has found the key's slot; where it stands, without. */
function InSlot({ keyId, children }: { keyId: string | null; children: ReactNode }) {
  const [slot, setSlot] = useState<HTMLElement | null>(null)
  useEffect(() => {
    const place = keyId === null ? null : document.getElementById(`slot-${keyId}`)
    const row = place?.closest('tr')
    if (!row) return setSlot(place)
    // In a table the answer gets a row of its own, below the key's.
    const below = document.createElement('tr')
    const cell = document.createElement('td')
    cell.colSpan = row.cells.length
    below.append(cell)
    row.after(below)
    setSlot(cell)
    return () => below.remove()
  }, [keyId])
  if (slot) return createPortal(children, slot)
  return keyId === null ? children : null
}

function Answer({
  state,
  byHand,
  plain,
  labels,
  hide,
}: {
  state: Extract<State, { status: 'done' }>
  byHand: boolean
  plain: boolean
  labels: Labels
  hide: (() => void) | undefined
}) {
  const { data, message } = state
  const answer = useRef<HTMLDivElement>(null)
  const shown = !data.copied || byHand || plain
  useEffect(() => {
    if (byHand) selectKey(answer.current)
  }, [byHand])
  return (
    <div ref={answer} className="answer">
      {shown && (
        <KeyField characters={data.key} label={data.label}>
          {hide && (
            <Button small variant="quiet" icon="eye-off" type="button" onClick={hide}>
              {labels.hide}
            </Button>
          )}
        </KeyField>
      )}
      <Notice tone="info">
        <p>{byHand ? labels.byHand : plain ? data.shown : message}</p>
        <p>
          <b>{data.lead}</b> {data.steps.join(' ')}
        </p>
      </Notice>
    </div>
  )
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

/** For plain HTTP on an intranet, where the clipboard API is missing. */
function copyBySelection(key: string): boolean {
  const area = document.createElement('textarea')
  area.value = key
  area.readOnly = true
  area.className = 'sr-only'
  document.body.append(area)
  const focused = document.activeElement
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus()
  return copied
}

function selectKey(answer: HTMLElement | null) {
  const characters = answer?.querySelector('.chars')
  if (characters) getSelection()?.selectAllChildren(characters)
}
