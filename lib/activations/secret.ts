import { createHash, timingSafeEqual } from 'node:crypto'

/*
 * An activation's secret: the first answer alone holds it, so that whoever learns a key and an installation ID, which GLPI
 * itself sends with each call, is not taken for the installation.
 */

/** What is stored of a secret. */
export const secretHash = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Whether a caller has the secret of an activation. */
export const isProved = (secret: string | undefined, hash: Buffer): boolean =>
  secret !== undefined && hash.length > 0 && timingSafeEqual(secretHash(secret), hash)

/** Whether a call shows the secret of the activation that its installation has. */
export const showsSecret = (
  { secret }: { secret?: string | undefined },
  activation: { secretHash: string } | null | undefined,
): boolean => isProved(secret, Buffer.from(activation?.secretHash ?? '', 'hex'))
