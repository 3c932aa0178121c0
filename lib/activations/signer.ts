import { withoutScope } from '@/db/scope'
import { createSigner } from './sign'
import { readPublished } from './signing-keys'

/** The process's signer, with the keys that are published. */
export const signer = createSigner(() => withoutScope(readPublished))
