import { randomBytes } from 'node:crypto'
import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import { noEarlier } from '@/db/no-earlier'
import { activations } from '@/db/schema/activations'
import { apiTokens } from '@/db/schema/api-tokens'
import { instanceAddresses } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { offlineFiles } from '@/db/schema/offline-files'
import type { OrganizationTx } from '@/db/scope'
import { type By, command, type Scope } from '@/lib/command'
import { env } from '@/lib/env'
import { InvalidInput, NotFound, Refused } from '@/lib/errors'
import { newId, uuidFrom } from '@/lib/ids'
import { endActivations } from '@/lib/instances/end-activations'
import { fingerprint, open } from '@/lib/keys/vault'
import { takePlace } from './activate'
import { type CheckedProduct, catalog } from './catalog'
import { installationIdPattern, withoutSecret } from './installation-id'
import { keySha256, offlineClaims } from './lease'
import { letIn } from './let-in'
import { placeLeftUntil } from './place-left'
import { newSigner } from './signer'

const InstallationId = withoutSecret(
  z.string('required').trim().regex(installationIdPattern, 'installation_id'),
)

const IssueOfflineFile = z.object({
  keyId: z.uuid('not_found'),
  installationId: InstallationId,
  /** Where members want it, who choose the instance: a test copy may use its production instance's key. */
  instanceId: z.uuid('not_found').optional(),
  product: z.string().optional(),
  /** The key itself, of who presents it; members need not. */
  key: z.string().optional(),
  /** The token that it is done with. */
  tokenId: z.uuid().optional(),
  /** Of the form that a member sent: sent twice within the hour, it is one file, as what a token asks for twice is. */
  formId: z.uuid().optional(),
  /** Of the published signing keys: once there are others, it is to be another file. */
  keySetVersion: z.int().optional(),
})

/**
 * Gives an installation that has no way to the portal the place that it takes, and records the file for it: good to the
 * key's end, at most 400 days (DESIGN §2, rule 4).
 * @returns what is to be signed
 * @throws NotFound; Refused with the code of the verdict
 */
export const recordOfflineFile = command('offline_file.issue', IssueOfflineFile, async (scope, input) => {
  const { tx, organizationId, now } = scope
  const { keyId, installationId } = input
  const key = input.key ?? (await storedKey(tx, organizationId, keyId))
  const { key: locked, found, activation, place, before } = await placeFor(scope, input, key)
  const { byId, byReference } = await catalog()
  const product = (input.product && byReference.get(input.product)) || byId.get(found.productId)
  if (!product) throw new NotFound('product')
  if (needsPlugin(product, product.reference)) throw new InvalidInput({ product: 'required' })
  const { id: activationId, environment, instanceId } = activation
  // What was chosen is of it as well: the page stays open beside the file, and its form may be sent for another one. So is
  // its place, which is another one once the installation was said to be gone.
  const chosen = [keyId, found.expiresAt?.getTime(), activationId, product.id, input.keySetVersion]
  const asking = input.formId ?? input.tokenId
  const idAt = (moment: Date) =>
    asking ? uuidFrom([asking, ...chosen, moment.getTime()].join(' ')) : newId(moment)
  const earlier = asking ? await issuedBefore(scope, activationId, idAt) : null
  const leaseId = idAt(earlier ?? now)
  const claims = offlineClaims(
    {
      issuer: env().PUBLIC_URL,
      activationId,
      leaseId,
      product,
      key: { ...found, sha256: keySha256(key) },
      instance: { environment, url: place.url, installationId },
    },
    earlier ?? now,
  )
  const { shortId } = locked
  const worksUntil = new Date(claims.exp * 1_000)
  const details = { shortId, product: product.name, ...before }
  const file = {
    id: leaseId,
    activationId,
    keyId,
    productId: product.id,
    instanceId,
    installationId,
    worksUntil,
  }
  if (earlier) scope.unchanged()
  else await record(scope, file, details, input.tokenId)
  return { claims, shortId }
})

async function record(
  scope: Scope,
  file: Omit<typeof offlineFiles.$inferInsert, 'organizationId' | 'issuedAt'>,
  about: Record<string, string>,
  tokenId: string | undefined,
) {
  const { tx, organizationId, personId, now, audit } = scope
  const { activationId, keyId, instanceId, installationId, worksUntil } = file
  if (personId) await letIn(scope, keyId, installationId, about.before)
  const token = tokenId ? { token: await tokenInUse(tx, organizationId, tokenId, now) } : {}
  const by = tokenId ? { apiTokenId: tokenId } : { issuedById: personId }
  const until = worksUntil.toISOString()
  await tx.insert(offlineFiles).values({ ...file, organizationId, issuedAt: now, ...by })
  await tx
    .update(activations)
    .set({ leaseEndsAt: sql`greatest(${activations.leaseEndsAt}, ${until}::timestamptz)` })
    .where(and(eq(activations.organizationId, organizationId), eq(activations.id, activationId)))
  audit({ keyId, instanceId, details: { ...about, installation: installationId, until, ...token } })
}

/** Whether a file would name a suite, which no plugin is. */
export const needsPlugin = ({ contains, reference }: CheckedProduct, asked: string | undefined) =>
  contains.length > 0 && (asked || reference) === reference

/** @throws as `takePlace`; Refused also where the place that the rules give lies at another instance than the wanted one */
async function placeFor(scope: Scope, input: z.output<typeof IssueOfflineFile>, key: string) {
  const { keyId, installationId, instanceId, product } = input
  const secret = randomBytes(32).toString('base64url')
  const place = { keyId, installationId, product, fingerprint: fingerprint(key), secret }
  const wanted = instanceId ? await addressOf(scope.tx, scope.organizationId, instanceId) : {}
  const taken = await takePlace(scope, { ...place, ...wanted })
  if (instanceId && taken.activation.instanceId !== instanceId) throw new Refused('bound_elsewhere')
  return taken
}

/**
 * Issues the offline activation file of one installation.
 * @returns the file's text (JSON), and the short ID of its key
 * @throws NotFound; Refused with the code of the verdict; Unavailable, where nothing can be signed
 */
export async function issueOfflineFile(
  by: By,
  input: Omit<z.input<typeof IssueOfflineFile>, 'keySetVersion'>,
) {
  // Before the file is recorded: who cannot sign it should not say that there is one. By the keys as the database has them
  // now: one that was dropped within the minute would sign a file that nobody believes, for a year.
  const { version: keySetVersion } = await newSigner().published()
  const { claims, shortId } = await recordOfflineFile(by, { ...input, keySetVersion })
  // Once more after it was recorded: whose files a dropped key has signed is known by when they were.
  const signer = newSigner()
  const { signed: keySet } = await signer.published()
  const file = { lease: await signer.sign('offline+jwt', claims), key_set: keySet }
  return { text: `${JSON.stringify(file, null, 2)}\n`, shortId }
}

/** For a second click, or an answer that was lost; who asks later wants a file that works longer. */
const sameWithin = 3_600_000

/**
 * When the file was issued that was asked for in the same way, within the hour and not gone since; null where there is none.
 * Under the lock of its key, so that of two at once the second finds the first.
 */
async function issuedBefore(
  { tx, organizationId, now }: Scope,
  activationId: string,
  idAt: (moment: Date) => string,
): Promise<Date | null> {
  const recent = await tx
    .select({ id: offlineFiles.id, issuedAt: offlineFiles.issuedAt })
    .from(offlineFiles)
    .where(
      and(
        eq(offlineFiles.organizationId, organizationId),
        eq(offlineFiles.activationId, activationId),
        isNull(offlineFiles.goneAt),
        gt(offlineFiles.issuedAt, new Date(now.getTime() - sameWithin)),
      ),
    )
  return recent.find(({ id, issuedAt }) => id === idAt(issuedAt))?.issuedAt ?? null
}

async function storedKey(tx: OrganizationTx, organizationId: string, keyId: string) {
  const [sealed] = await tx
    .select({ cipher: keys.cipher, ringVersion: keys.ringVersion })
    .from(keys)
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, keyId)))
  if (!sealed) throw new NotFound('key')
  return open(sealed, keyId)
}

/** An instance's main address, by which a place there is found. */
async function addressOf(tx: OrganizationTx, organizationId: string, instanceId: string) {
  const [found] = await tx
    .select({ address: instanceAddresses.urlIdentity, url: instanceAddresses.url })
    .from(instanceAddresses)
    .where(
      and(
        eq(instanceAddresses.organizationId, organizationId),
        eq(instanceAddresses.instanceId, instanceId),
        eq(instanceAddresses.ordinal, 0),
        isNull(instanceAddresses.retiredAt),
      ),
    )
  if (!found) throw new NotFound('instance')
  return found
}

/**
 * What the trail calls a token, which may have the name of another one. It was good when the call came in; whoever revokes
 * it meanwhile has either finished or not begun.
 */
async function tokenInUse(tx: OrganizationTx, organizationId: string, tokenId: string, now: Date) {
  const { id, name, lastFour, revokedAt, expiresAt } = apiTokens
  const [token] = await tx
    .select({ name, lastFour })
    .from(apiTokens)
    .where(
      and(
        eq(apiTokens.organizationId, organizationId),
        eq(id, tokenId),
        isNull(revokedAt),
        gt(expiresAt, now),
      ),
    )
    .for('share')
  if (!token) throw new NotFound('token')
  return `${token.name} (…${token.lastFour})`
}

const DeclareGone = z.object({ fileId: z.uuid('not_found') })

/**
 * Notes that an offline installation is no more, by one of its files. Nobody can take those back, so its place
 * is free on the day on which the last of them could have worked, and not before. Saying it twice changes nothing.
 * @returns that day, and the instance
 * @throws NotFound
 */
export const declareGone = command(
  'offline_file.declare_gone',
  DeclareGone,
  async ({ tx, organizationId, now, audit, unchanged }, { fileId }) => {
    const own = eq(offlineFiles.organizationId, organizationId)
    const [named] = await tx
      .select()
      .from(offlineFiles)
      .where(and(own, eq(offlineFiles.id, fileId)))
    if (!named) throw new NotFound('offline_file')
    const { instanceId, installationId } = named
    const ofInstallation = and(
      own,
      eq(offlineFiles.instanceId, instanceId),
      eq(offlineFiles.installationId, installationId),
    )
    const files = await tx
      .select()
      .from(offlineFiles)
      .where(ofInstallation)
      .orderBy(offlineFiles.id)
      .for('update')
    const open = files.filter(({ goneAt }) => !goneAt)
    if (open.length === 0) {
      unchanged()
      return { instanceId, freesAt: await placeLeftUntil(tx, organizationId, named) }
    }
    await tx
      .update(offlineFiles)
      .set({ goneAt: noEarlier(now, offlineFiles.issuedAt) })
      .where(and(ofInstallation, isNull(offlineFiles.goneAt)))
    const held = open.map(({ activationId }) => activationId)
    await endActivations(tx, organizationId, now, inArray(activations.id, held))
    const freesAt = await placeLeftUntil(tx, organizationId, named)
    const details = { installation: installationId, until: freesAt.toISOString() }
    for (const keyId of new Set(open.map((file) => file.keyId))) audit({ keyId, instanceId, details })
    return { instanceId, freesAt }
  },
)
