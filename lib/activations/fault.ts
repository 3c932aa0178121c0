import { findKeys, parseKey } from '@/lib/keys/format'
import { type ChangedKey, changedKeyIn, isKeyWithExtra } from './changed-key'
import { isVague, type Recognized, recognize, type Stray, strayIn } from './recognize'

/**
 * What is wrong with a text in which one key alone was to stand. Wherever keys are taken it is this that is said of it: the
 * API, GLPI's routes and the check page name the same mistake at the same place.
 */
export type Fault =
  /** A key that was changed or cut on its way. */
  | ({ what: 'changed' } & ChangedKey)
  /** A right key, with what does not belong to it around or within. */
  | { what: 'stray'; strays: Stray[]; key: string }
  /** A right key among words. */
  | { what: 'around'; key: string }
  | { what: 'several' }
  /** No key at all: what it is instead. */
  | { what: 'none'; recognized: Recognized }

/** @returns null for a key that is written as ours are, with nothing beside it but what is cleaned away */
export function faultIn(pasted: string): Fault | null {
  if (parseKey(pasted).ok) return null
  const [key, other] = findKeys(pasted)
  if (other) return { what: 'several' }
  if (key && !isKeyWithExtra(pasted)) {
    const strays = strayIn(pasted) ?? 'text'
    return strays === 'text' ? { what: 'around', key } : { what: 'stray', strays, key }
  }
  const recognized = recognize(pasted)
  const changed = changedKeyIn(pasted)
  // A mail that names a key, or a case, may bring it as well.
  const isChanged = changed?.suggestion || recognized.what === 'case' || isVague(recognized.what)
  if (!changed || !isChanged || (recognized.isAlone && !changed.suggestion))
    return { what: 'none', recognized }
  return { what: 'changed', ...changed }
}
