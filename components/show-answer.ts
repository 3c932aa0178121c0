/** Marks what of an answer takes the focus: what was asked for, and is read on from there. */
export const answerMark = { 'data-answer': '', tabIndex: -1 }

/**
 * Brings a form's answer before who sent it, whose button may stand a screen or two below: the focus goes to the first
 * field that is refused, else to what was asked for; a sentence, which is announced, is only scrolled to.
 */
export function showAnswer(form: HTMLFormElement | null) {
  const wanted = ['[aria-invalid=true]', '[data-answer]'].map((one) => form?.querySelector<HTMLElement>(one))
  const [first] = wanted.filter((one) => one != null)
  if (first)
    first.focus()
    // At once: nothing moves that somebody asked not to.
  ;(first ?? form?.querySelector('.notice'))?.scrollIntoView({ block: 'nearest', behavior: 'instant' })
}
