import { type FormState, valuesOf } from './form-state'

type Action<Data> = (state: FormState<Data>, form: FormData) => Promise<FormState<Data>>
type Failed = Extract<FormState, { status: 'failed' }>

/** Whether the server has this page's action no more: it is of another version by now. */
export const isOutdated = (error: unknown): boolean =>
  error instanceof Error && error.name === 'UnrecognizedActionError'

/**
 * That there is a new version, and the way to it; undefined where that is not what an action failed of. The sentences are
 * in the page's language and stand there once for all forms.
 */
export function newVersion(error: unknown): Failed | undefined {
  if (!isOutdated(error)) return undefined
  const { newVersion: message = '', openAnew: text = '' } = document.body.dataset
  return { status: 'failed', message, fields: {}, values: {}, link: { text, href: location.href } }
}

/**
 * The action of a form that keeps what was typed where the server gave no answer: it is of another version, it is being
 * started, it cannot be reached. Otherwise the whole page would fail, and the form with it.
 */
export function keeping<Data>(action: Action<Data>): Action<Data> {
  return async (state, form) => {
    try {
      return await action(state, form)
    } catch (error) {
      // A redirect, or a failure of the server itself, bears a digest and is for the page to handle.
      if (error instanceof Error && 'digest' in error) throw error
      const message = document.body.dataset.unanswered ?? ''
      const failed = newVersion(error) ?? { status: 'failed', message, fields: {} }
      return { ...failed, values: valuesOf(form) }
    }
  }
}
