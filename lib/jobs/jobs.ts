/** Each job's payload, by the job's name. A secret in it is sealed by `keys/vault.ts`. */
export interface Jobs {
  'mail.sign_in': { signInId: string; sealed: string }
  /** Daily; it has no payload of its own. */
  clean_up: unknown
}
