'use client'

import {
  createContext,
  type FormEvent,
  type ReactNode,
  useActionState,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react'
import { Failure } from './failure'
import type { FormState } from './form-state'
import { showAnswer } from './show-answer'
import { Checkbox, Field, Input, Select, TextArea } from './ui/field'
import { Notice } from './ui/notice'
import { keeping } from './unanswered'

/** Told to the document when a form is refused: what stands above it as done is no longer the last answer. */
export const refusedEvent = 'refused'

const State = createContext<FormState<unknown>>({ status: 'idle' })

interface ActionFormProps<Data> {
  /** For a button that stands elsewhere. */
  id?: string
  action: (state: FormState<Data>, form: FormData) => Promise<FormState<Data>>
  /** Hidden fields: the organization, the idempotency key. */
  hidden: Record<string, string>
  /** What takes the form's place once it is done. */
  answer?: (done: { message: string; data: Data }) => ReactNode
  /** What stands above the form once it is done, in the place of the sentence. */
  result?: (done: { message: string; data: Data }) => ReactNode
  children?: ReactNode
}

/**
 * A form whose server action answers in place. It works before JavaScript has loaded; what was typed stays, and what is
 * wrong stands beside its field.
 */
export function ActionForm<Data = null>({
  id,
  action,
  hidden,
  answer,
  result,
  children,
}: ActionFormProps<Data>) {
  // The server writes the action itself into the form, for who has no JavaScript.
  const kept = typeof window === 'undefined' ? action : keeping(action)
  const [state, submit] = useActionState<FormState<Data>, FormData>(kept, { status: 'idle' })
  const [offline, setOffline] = useState(false)
  const form = useAnswerInView(state, offline)
  // Sent without a connection, the whole page would fail, and what was typed be gone.
  const keepWhenOffline = (event: FormEvent<HTMLFormElement>) => {
    sayLanguage(event.currentTarget)
    if (!navigator.onLine) event.preventDefault()
    setOffline(!navigator.onLine)
  }
  if (state.status === 'done' && answer) return answer(state)
  return (
    <form id={id} ref={form} action={submit} onSubmit={keepWhenOffline} className="form">
      {Object.entries(hidden).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <input type="hidden" name="spoken" />
      <State value={state}>
        {offline && (
          <Notice tone="bad">
            {/* In the page's language; it stands there once for all forms. */}
            {document.body.dataset.unreachable}
          </Notice>
        )}
        {!offline && state.status === 'failed' && (
          <Notice tone="bad">
            <Failure message={state.message} link={state.link} />
          </Notice>
        )}
        {!offline &&
          state.status === 'done' &&
          (result ? result(state) : <Notice tone="ok">{state.message}</Notice>)}
        {children}
      </State>
    </form>
  )
}

/** The form, whose answer is brought into view and whose refusal the document is told of. */
function useAnswerInView(state: FormState<unknown>, offline: boolean) {
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (state.status === 'failed') document.dispatchEvent(new Event(refusedEvent))
    if (state.status !== 'idle') showAnswer(form.current)
  }, [state])
  useEffect(() => {
    if (offline) showAnswer(form.current)
  }, [offline])
  return form
}

/** What the page speaks, which another tab may have changed since: `act.ts` answers in one language, and looks at this. */
function sayLanguage(form: HTMLFormElement) {
  const field = form.elements.namedItem('spoken')
  if (field instanceof HTMLInputElement) field.value = document.documentElement.lang
}

interface FieldProps {
  name: string
  label: string
  hint?: string | undefined
  initial?: string | undefined
  required?: boolean
}

export function TextField({
  name,
  label,
  hint,
  initial,
  ...rest
}: FieldProps & {
  type?: 'text' | 'email' | 'url' | 'date'
  mono?: boolean
  maxLength?: number
  placeholder?: string
  autoComplete?: string
  inputMode?: 'numeric'
}) {
  const { id, error, value } = useField(name, initial)
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      {(control) => <Input {...control} {...rest} name={name} defaultValue={value} />}
    </Field>
  )
}

/** Several lines of text. */
export function TextAreaField({
  name,
  label,
  hint,
  initial,
  ...rest
}: FieldProps & { rows: number; maxLength: number }) {
  const { id, error, value } = useField(name, initial)
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      {(control) => (
        <TextArea
          {...control}
          {...rest}
          name={name}
          defaultValue={value}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
      )}
    </Field>
  )
}

export function SelectField({
  name,
  label,
  hint,
  initial,
  options,
  ...rest
}: FieldProps & { options: { value: string; text: string }[] }) {
  const { id, error, value: typed } = useField(name, initial)
  // A choice that is none (the form was tampered with) would leave the first one chosen, unseen.
  const value = options.some((option) => option.value === typed) ? typed : initial
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      {(control) => (
        <Select {...control} {...rest} name={name} defaultValue={value} key={value}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.text}
            </option>
          ))}
        </Select>
      )}
    </Field>
  )
}

export function CheckboxField({
  name,
  label,
  hint,
  checked,
}: Omit<FieldProps, 'initial'> & { checked?: boolean }) {
  const state = useContext(State)
  const { id, error } = useField(name, undefined)
  const ticked = state.status === 'failed' ? name in state.values : checked
  return (
    <Checkbox
      id={id}
      name={name}
      label={label}
      hint={hint}
      error={error}
      defaultChecked={ticked}
      key={String(ticked)}
    />
  )
}

function useField(name: string, initial: string | undefined) {
  const state = useContext(State)
  const id = useId()
  const failed = state.status === 'failed' ? state : undefined
  const typed = state.status === 'idle' ? undefined : state.values?.[name]
  return { id, error: failed?.fields[name], value: typed ?? initial }
}
