import type { ComponentProps, ReactNode } from 'react'
import { Icon } from './icon'

/** What ties a control to its label, hint and error; spread it on the control. */
export type ControlProps = {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
}

type FieldProps = {
  id: string
  label: ReactNode
  hint?: ReactNode
  error?: string | undefined
  children: (control: ControlProps) => ReactNode
}

/** A control with its label, its hint, and what is wrong with it, said beside it. */
export function Field({ id, label, hint, error, children }: FieldProps) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint && (
        <span id={`${id}-hint`} className="hint">
          {hint}
        </span>
      )}
      {children(controlProps(id, hint, error))}
      <FieldError id={id} error={error} />
    </div>
  )
}

/** A box to tick. It carries its own label, hint and error. */
export function Checkbox({
  id,
  label,
  hint,
  error,
  ...rest
}: Omit<FieldProps, 'children'> & Omit<ComponentProps<'input'>, 'className' | 'type' | 'id'>) {
  return (
    <div className="checkbox">
      <input {...rest} {...controlProps(id, hint, error)} type="checkbox" />
      <label htmlFor={id}>{label}</label>
      {hint && (
        <span id={`${id}-hint`} className="hint">
          {hint}
        </span>
      )}
      <FieldError id={id} error={error} />
    </div>
  )
}

/** A line of text. `mono` for keys, codes and addresses. */
export function Input({ mono, ...rest }: Omit<ComponentProps<'input'>, 'className'> & { mono?: boolean }) {
  return <input {...rest} className={mono ? 'input mono' : 'input'} />
}

/** Several lines, for what is pasted. */
export function TextArea(props: Omit<ComponentProps<'textarea'>, 'className'>) {
  return <textarea {...props} className="input mono" />
}

export function Select(props: Omit<ComponentProps<'select'>, 'className'>) {
  return <select {...props} className="input" />
}

/** One choice of a list's filter; `label` is its name, as there is none to be seen. */
export function FilterSelect({
  name,
  label,
  chosen,
  options,
}: {
  name: string
  label: string
  chosen: string
  options: { value: string; text: string }[]
}) {
  return (
    <Select name={name} aria-label={label} defaultValue={chosen}>
      {options.map(({ value, text }) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </Select>
  )
}

/** The search box of a list: an input with its icon; `label` is its name, as there is none to be seen. */
export function SearchInput({
  label,
  ...rest
}: Omit<ComponentProps<'input'>, 'className' | 'type'> & { label: string }) {
  return (
    <span className="search">
      <Icon name="search" />
      <input {...rest} type="search" className="input" aria-label={label} />
    </span>
  )
}

function FieldError({ id, error }: { id: string; error: string | undefined }) {
  if (!error) return null
  return (
    <span id={`${id}-error`} className="wrong">
      <Icon name="circle-exclamation-point" />
      {error}
    </span>
  )
}

function controlProps(id: string, hint: ReactNode, error: string | undefined): ControlProps {
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ')
  return { id, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined }
}
