import { randomBytes } from 'node:crypto'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import { apiTokens } from '@/db/schema/api-tokens'
import { activations } from '@/db/schema/checks'
import { keys } from '@/db/schema/keys'
import { offlineFiles } from '@/db/schema/offline-files'
import type { OrganizationTx } from '@/db/scope'
import { type By, command } from '@/lib/command'
import { env } from '@/lib/env'
import { NotFound } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { fingerprint, open } from '@/lib/keys/vault'
import { takePlace } from './activate'
import { catalog } from './catalog'
import { keySha256, offlineClaims } from './lease'
import { signer } from './signer'

const InstallationId = z
  .string('required')
  .trim()
  .regex(/^[\x21-\x7e]{1,100}$/, 'installation_id')

const IssueOfflineFile = z.object({
  keyId: z.uuid('not_found'),
  installationId: InstallationId,
  product: z.string().optional(),
  /** The key itself, of who presents it; members need not. */
  key: z.string().optional(),
  /** The token that it is done with. */
  tokenId: z.uuid().optional(),
})

/**
 * Gives an installation that has no way to the portal the place that it takes, and records the file for it: good to the
 * key's end, at most 400 days (DESIGN §2, rule 4).
 * @returns what is to be signed
 * @throws NotFound; Refused with the code of the verdict
 */
export const recordOfflineFile = command('offline_file.issue', IssueOfflineFile, async (scope, input) => {
  const { tx, organizationId, personId, now, audit } = scope
  const { keyId, installationId, tokenId } = input
  const key = input.key ?? (await storedKey(tx, organizationId, keyId))
  const secret = randomBytes(32).toString('base64url')
  const place = { keyId, installationId, product: input.product, fingerprint: fingerprint(key), secret }
  const { key: locked, found, activation, ...taken } = await takePlace(scope, place)
  const { byId, byReference } = await catalog()
  const product = (input.product && byReference.get(input.product)) || byId.get(found.productId)
  if (!product) throw new NotFound('product')
  const { id: activationId, environment, instanceId } = activation
  const claims = offlineClaims(
    {
      issuer: env().PUBLIC_URL,
      activationId,
      leaseId: newId(now),
      product,
      key: { ...found, sha256: keySha256(key) },
      instance: { environment, url: taken.place.url, installationId },
    },
    now,
  )
  const worksUntil = new Date(claims.exp * 1_000)
  const by = tokenId ? { apiTokenId: tokenId } : { issuedById: personId }
  const row = {
    id: claims.jti,
    organizationId,
    activationId,
    keyId,
    instanceId,
    installationId,
    worksUntil,
    ...by,
  }
  await tx.insert(offlineFiles).values({ ...row, issuedAt: now })
  await tx
    .update(activations)
    .set({ leaseEndsAt: sql`greatest(${activations.leaseEndsAt}, ${worksUntil.toISOString()}::timestamptz)` })
    .where(and(eq(activations.organizationId, organizationId), eq(activations.id, activationId)))
  const { shortId, product: sold } = locked
  const token = tokenId ? { token: await tokenName(tx, organizationId, tokenId) } : {}
  const until = worksUntil.toISOString()
  audit({
    keyId,
    instanceId,
    details: { shortId, product: sold.name, installation: installationId, until, ...token },
  })
  return { claims, shortId }
})

/**
 * Issues the offline activation file of one installation.
 * @returns the file's text (JSON), and the short ID of its key
 * @throws NotFound; Refused with the code of the verdict; Unavailable, where nothing can be signed
 */
export async function issueOfflineFile(by: By, input: z.input<typeof IssueOfflineFile>) {
  // Before the file is recorded: who cannot sign it should not say that there is one.
  const { signed: keySet } = await signer.published()
  const { claims, shortId } = await recordOfflineFile(by, input)
  const file = { lease: await signer.sign('offline+jwt', claims), key_set: keySet }
  return { text: `${JSON.stringify(file, null, 2)}\n`, shortId }
}

async function storedKey(tx: OrganizationTx, organizationId: string, keyId: string) {
  const [sealed] = await tx
    .select({ cipher: keys.cipher, ringVersion: keys.ringVersion })
    .from(keys)
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, keyId)))
  if (!sealed) throw new NotFound('key')
  return open(sealed, keyId)
}

async function tokenName(tx: OrganizationTx, organizationId: string, tokenId: string) {
  const [token] = await tx
    .select({ name: apiTokens.name })
    .from(apiTokens)
    .where(and(eq(apiTokens.organizationId, organizationId), eq(apiTokens.id, tokenId)))
  if (!token) throw new NotFound('token')
  return token.name
}

const DeclareGone = z.object({ fileId: z.uuid('not_found') })

/**
 * Notes that an offline installation is no more. Nobody can take its file back, so its place is free on the day on which
 * the file could last have worked, and not before. Saying it twice changes nothing.
 * @returns that day
 * @throws NotFound
 */
export const declareGone = command(
  'offline_file.declare_gone',
  DeclareGone,
  async ({ tx, organizationId, now, audit, unchanged }, { fileId }) => {
    const mine = and(eq(offlineFiles.organizationId, organizationId), eq(offlineFiles.id, fileId))
    const [file] = await tx.select().from(offlineFiles).where(mine).for('update')
    if (!file) throw new NotFound('offline_file')
    if (file.goneAt) {
      unchanged()
      return { freesAt: file.worksUntil }
    }
    await tx.update(offlineFiles).set({ goneAt: now }).where(mine)
    await tx
      .update(activations)
      .set({ givenBackAt: now })
      .where(
        and(
          eq(activations.organizationId, organizationId),
          eq(activations.id, file.activationId),
          isNull(activations.givenBackAt),
        ),
      )
    const { keyId, instanceId, installationId, worksUntil } = file
    audit({ keyId, instanceId, details: { installation: installationId, until: worksUntil.toISOString() } })
    return { freesAt: worksUntil }
  },
)
