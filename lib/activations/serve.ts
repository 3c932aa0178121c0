import { randomBytes } from 'node:crypto'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { NotFound, Refused, Unavailable } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { activateKey } from './activate'
import { type Call, type Checked, checkKey, judge, judgeAgain, noteAnswer } from './check'
import { noteLease } from './facts'
import { giveBack } from './give-back'
import { type HandedOver, handOver } from './hand-over'
import type { AskedFor } from './history'
import { givenBackClaims, keySha256, leaseClaims, timeClaims, verdictClaims } from './lease'
import { remedyPage } from './phrases'
import type { Place } from './rules'
import { showsSecret } from './secret'
import type { Signer } from './sign'
import { signer } from './signer'
import { testSigner } from './test-signer'

/** A call may bring a text that the signed answer repeats, so that no older answer passes for it. */
type WithNonce = Call & { nonce?: string | undefined }

/** What a GLPI presents to activate or to refresh. */
export type Presented = WithNonce & { installationId: string; product: string }

/** A lease, or the signed verdict that refuses one. */
export type Leased =
  | {
      ok: true
      checked: Checked
      activation: { id: string; environment: Place['environment'] }
      /** In the first answer of an activation alone. */
      secret?: string
      lease: string
      /** The key that takes over, sealed under the presented one (hand-over.ts). */
      handover?: string
    }
  | { ok: false; checked: Checked; signed: string; handover?: string }

/** The verdict on a key, signed. @throws Unavailable */
export async function validate(call: WithNonce) {
  const checked = await checkKey(call, 'validate')
  return { checked, signed: await signedVerdict(checked, call) }
}

/** @throws Unavailable */
export function signedVerdict(checked: Checked, call: WithNonce) {
  const facts = {
    issuer: env().PUBLIC_URL,
    statementId: newId(checked.at),
    product: call.product ?? checked.product?.reference ?? '',
    installationId: call.installationId ?? null,
    keySha256: keySha256(checked.key ?? call.key.trim()),
    valid: checked.verdict.ok,
    code: checked.code,
    notes: checked.notes,
    nonce: call.nonce,
  }
  return signerFor(checked).sign('verdict+jwt', verdictClaims(facts, checked.at))
}

const signerFor = ({ isTest }: Checked) => (isTest ? testSigner : signer)

/**
 * Activates a key in an installation. The same call again gets the same activation, and another lease.
 * @throws Unavailable
 */
export async function activate(call: Presented): Promise<Leased> {
  const first = await judge(call)
  if (!first.verdict.ok || !first.found) return refuse(call, first, 'activate')
  if (first.found.activation) return lease(call, first, 'activate')
  return inTurn(first.found.id, () => activateInTurn(call))
}

async function activateInTurn(call: Presented): Promise<Leased> {
  const before = await judgeAgain(call)
  const { found, fingerprint } = before
  if (!before.verdict.ok || !found || !fingerprint) return refuse(call, before, 'activate')
  if (found.activation) return lease(call, before, 'activate')
  // Who takes a new key over says the secret of its activation: one that an answer tells may be lost with it.
  const secret = call.secret ?? randomBytes(32).toString('base64url')
  const { product, address, url, installationId, kinds } = call
  const input = { keyId: found.id, fingerprint, product, address, url, installationId, secret }
  let made = false
  try {
    const by = { actor: { kind: 'glpi' }, organizationId: found.organizationId } as const
    made = (await activateKey(by, { ...input, ...(kinds && { kinds: [...kinds] }) })).made
  } catch (error) {
    if (!(error instanceof Refused)) throw error
  }
  // As it is now, whoever was first.
  const checked = await judgeAgain(call)
  if (!checked.verdict.ok) return refuse(call, checked, 'activate')
  if (!checked.found?.activation) throw new Unavailable('activation')
  const leased = await lease(call, checked, 'activate')
  return made && leased.ok ? { ...leased, secret } : leased
}

/**
 * The daily call of an activation: another lease.
 * @param named the ID of the lease that it has; who names an older one is a copy of the installation, which is asked about
 * @throws NotFound where the installation has no such activation, so that it activates anew; Unavailable
 */
export async function refresh(
  call: Presented,
  activationId: string,
  named: string | undefined,
): Promise<Leased> {
  const checked = await judge(call)
  if (!checked.verdict.ok || !checked.found) {
    const back = checked.code === 'revoked' ? await handOver(call, checked, activationId) : none
    return refuse(call, checked, 'refresh', back)
  }
  if (checked.found.activation?.id !== activationId) throw unknownActivation(call, checked, 'refresh')
  return lease(call, checked, 'refresh', named)
}

function unknownActivation(call: Call, checked: Checked, asked: AskedFor) {
  noteAnswer(call, checked, asked, undefined, 'unknown_activation')
  return new NotFound('activation')
}

const none: HandedOver = { notes: [] }

async function refuse(
  call: Presented,
  checked: Checked,
  asked: AskedFor,
  { notes, ...handed } = none,
): Promise<Leased> {
  noteAnswer(call, checked, asked, undefined, undefined, notes)
  return { ok: false, checked, signed: await signedVerdict(checked, call), ...handed }
}

async function lease(call: Presented, checked: Checked, asked: AskedFor, named?: string): Promise<Leased> {
  const { found, product, verdict, at } = checked
  if (!verdict.ok || !verdict.place || !found?.activation || !product) throw new NotFound('activation')
  const { id, environment } = found.activation
  const claims = leaseClaims(
    {
      issuer: env().PUBLIC_URL,
      activationId: id,
      leaseId: newId(at),
      product,
      key: { ...found, sha256: keySha256(checked.key ?? '') },
      instance: { environment, url: verdict.place.url, installationId: call.installationId },
      nonce: call.nonce,
    },
    at,
  )
  const given = { id: claims.jti, endsAt: new Date(claims.exp * 1_000), at }
  const noted = {
    activationId: id,
    keyId: found.id,
    product: product.reference,
    named,
    given,
    proved: showsSecret(call, found.activation),
  }
  const copied = checked.isTest ? false : await noteLease(noted)
  if (copied === null) throw unknownActivation(call, checked, asked)
  const { notes, ...handed } = asked === 'refresh' ? await handOver(call, checked, id) : none
  noteAnswer(call, checked, asked, copied ? 'copy' : undefined, undefined, notes)
  const signed = await signerFor(checked).sign('lease+jwt', claims)
  return { ok: true, checked, activation: { id, environment }, lease: signed, ...handed }
}

/**
 * Ends an activation; asked again, it says the same again.
 * @returns when its place is free, or the verdict on a key that is not known, or not of that product; signed either way
 * @throws NotFound; Refused `secret_needed`, with the `page` of the key; Unavailable
 */
export async function endActivation(call: WithNonce & { installationId: string }, activationId: string) {
  const checked = await judge(call)
  // Whatever else is wrong with the key, who gives it back asks for nothing.
  if (!checked.found || checked.code === 'wrong_product') {
    noteAnswer(call, checked, 'give_back')
    return { ok: false as const, checked, signed: await signedVerdict(checked, call) }
  }
  const freesAt = await freeFrom(call, checked, activationId)
  noteAnswer(call, checked, 'give_back', null, 'ok')
  const facts = {
    issuer: env().PUBLIC_URL,
    statementId: newId(checked.at),
    activationId,
    product: call.product ?? checked.product?.reference ?? '',
    installationId: call.installationId,
    keySha256: keySha256(checked.key ?? ''),
    freesAt,
    nonce: call.nonce,
  }
  const signed = await signerFor(checked).sign('given-back+jwt', givenBackClaims(facts, checked.at))
  return { ok: true as const, freesAt, signed }
}

async function freeFrom(call: Call & { installationId: string }, checked: Checked, activationId: string) {
  const { found, isTest, at } = checked
  if (!found || (isTest && found.activation?.id !== activationId)) throw new NotFound('activation')
  if (isTest) return at
  const by = { actor: { kind: 'glpi' }, organizationId: found.organizationId } as const
  const given = { keyId: found.id, activationId, installationId: call.installationId, secret: call.secret }
  try {
    return (await giveBack(by, given)).freesAt
  } catch (error) {
    if (error instanceof NotFound) throw unknownActivation(call, checked, 'give_back')
    if (!(error instanceof Refused)) throw error
    noteAnswer(call, checked, 'give_back', null, 'secret_needed')
    throw new Refused('secret_needed', { page: remedyPage(checked) })
  }
}

const turns = new Map<string, Promise<unknown>>()

/** One after the other for each key: a hundred at once wait for one another, and hold one connection instead of a hundred. */
export async function inTurn<T>(keyId: string, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(keyId) ?? Promise.resolve()).then(work)
  const settled = mine.catch(() => {})
  turns.set(keyId, settled)
  try {
    return await mine
  } finally {
    if (turns.get(keyId) === settled) turns.delete(keyId)
  }
}

/** Who signs: the portal, or, for test keys, somebody that only a build for tests trusts. */
export type Signing = 'real' | 'test'
const signers: Record<Signing, Signer> = { real: signer, test: testSigner }

/** The published signing keys: as others read them, and as the root has signed them. @throws Unavailable */
export async function keySet(by: Signing) {
  const { jwks, signed } = await signers[by].published()
  return { keys: jwks, signed }
}

/** What time it is here, for a GLPI whose own clock looks wrong. @throws Unavailable */
export async function signedTime(nonce: string | undefined, by: Signing) {
  const at = now()
  return {
    time: at.toISOString(),
    signed: await signers[by].sign('time+jwt', timeClaims(env().PUBLIC_URL, nonce, at)),
  }
}
