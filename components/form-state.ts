/** What a form shows after it was sent: a sentence, a sentence per field, and what was typed, so that nothing is lost. */
export type FormState<Data = null> =
  | { status: 'idle' }
  | {
      status: 'done'
      message: string
      data: Data
      /** What stays in the fields of a form that goes on being asked. */
      values?: Record<string, string>
    }
  | {
      status: 'failed'
      message: string
      fields: Record<string, string>
      values: Record<string, string>
      /** The way on, where it leads elsewhere: to sign in again and back here, to the page as it is now. */
      link?: { text: string; href: string }
    }

/** What was typed into a form, and what it says itself; not what the framework adds. */
export function valuesOf(form: FormData): Record<string, string> {
  const texts = [...form].filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(texts.filter(([name]) => !name.startsWith('$')))
}
