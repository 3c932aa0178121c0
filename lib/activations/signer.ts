import { withoutScope } from '@/db/scope'
import { createSigner } from './sign'
import { readPublished } from './signing-keys'

/** One that has read nothing yet: for what is signed by the keys as they are now. */
export const newSigner = () => createSigner(() => withoutScope(readPublished))

/** The process's signer, with the keys that are published. */
export const signer = newSigner()
