/** What a form shows after it was sent: a sentence, a sentence per field, and what was typed, so that nothing is lost. */
export type FormState<Data = null> =
  | { status: 'idle' }
  | { status: 'done'; message: string; data: Data }
  | {
      status: 'failed'
      message: string
      fields: Record<string, string>
      values: Record<string, string>
      /** The link to sign in again, and back here, where that is the way on. */
      signIn?: { text: string; href: string }
    }
