import type { Permission } from '@/lib/access'
import { activateKey } from '@/lib/activations/activate'
import { answerQuestion, editionOf } from '@/lib/activations/answer'
import { answerAll } from '@/lib/activations/answer-all'
import { askToJoin, proofOf } from '@/lib/activations/ask-to-join'
import { bindInstallation } from '@/lib/activations/bind'
import { downloadArchive } from '@/lib/activations/download-archive'
import { giveBack } from '@/lib/activations/give-back'
import { declareGone, recordOfflineFile } from '@/lib/activations/offline'
import type { By } from '@/lib/command'
import { addInstance } from '@/lib/instances/add'
import { addAddress, removeAddress } from '@/lib/instances/address'
import { editInstance } from '@/lib/instances/edit'
import { reinstateInstance, retireInstance } from '@/lib/instances/retire'
import { extendKey } from '@/lib/keys/extend'
import { issuePermanentKey } from '@/lib/keys/issue'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { revealKeys } from '@/lib/keys/reveal'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { acceptInvitation } from '@/lib/organizations/accept'
import { answerJoin } from '@/lib/organizations/answer-join'
import { changeRole } from '@/lib/organizations/change-role'
import { addMember } from '@/lib/organizations/create'
import { createToken } from '@/lib/organizations/create-token'
import { inviteMember, withdrawInvitation } from '@/lib/organizations/invite'
import { leaveOrganization, removeMember } from '@/lib/organizations/remove'
import { replyToRequest, withdrawRequest } from '@/lib/organizations/reply'
import { revokeToken } from '@/lib/organizations/revoke-token'
import { beginAutomatic } from '@/lib/payments/automatic/begin'
import { settleCharge } from '@/lib/payments/automatic/charge'
import { endAutomatic } from '@/lib/payments/automatic/end'
import { settleAutomatic } from '@/lib/payments/automatic/settle'
import { keepAnswer, readyToStart } from '@/lib/payments/automatic/start'
import { beginCheckout } from '@/lib/payments/begin-checkout'
import { closeQuestion } from '@/lib/payments/close-question'
import { giveUpCheckout } from '@/lib/payments/give-up-checkout'
import { readyForPortal } from '@/lib/payments/open-portal'
import { openSession } from '@/lib/payments/open-session'
import { forgetCustomer, recordAnswer, recordCustomer } from '@/lib/payments/record-answer'
import { settleCheckout } from '@/lib/payments/settle-checkout'
import { settleInvoice } from '@/lib/payments/settle-invoice'
import { tokenHash } from '@/lib/people/tokens'
import { addStaff } from '@/lib/staff/add'
import { assign, unassign } from '@/lib/staff/assign'
import { closeFile } from '@/lib/staff/close-file'
import { decideRequest } from '@/lib/staff/decide'
import { recordVisit } from '@/lib/staff/visit'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { askForTrial } from '@/lib/trials/ask'
import { askToJoinByDomain } from '@/lib/trials/ask-to-join'
import { beginSignedUp } from '@/lib/trials/begin-signed-up'
import { extendTrial } from '@/lib/trials/extend'
import { startTrial } from '@/lib/trials/start'
import type { TestDatabase } from './database'
import { type Fixture, fillOrganization, productId, rowsOf } from './fixture'

/** What an organization has that a command can be asked for. */
export type Things = Awaited<ReturnType<typeof thingsOf>>

/** Fills an organization, and adds what `fillOrganization()` leaves to be looked up. */
export async function thingsOf(database: TestDatabase, fixture: Fixture) {
  const filled = await fillOrganization(database, fixture)
  // As if the invitation's mail had been read: its link is nowhere else.
  const token = `the link of ${fixture.slug}`
  const [rest] = await rowsOf<Record<'addressId' | 'invitationId' | 'invitedId' | 'questionId', string>>(
    database,
    `with read as (update invitations set token_hash = $2 where organization_id = $1 returning id, email),
       verified as (update people set email_verified = now() where email = (select email from read) returning id),
       counted as (insert into question_counts (organization_id, key_id, open) values ($1, $3, 1)),
       joins as (update trial_sign_ups set person_id = (select id from verified)
         where organization_id = $1 and outcome = 'joins'),
       asked as (insert into questions (id, organization_id, key_id, kind, installation_id, url, refusal_code, first_at,
           last_at, calls)
         values (gen_random_uuid(), $1, $3, 'installation', 'another', 'https://other.x.example', '7QF3XM', now(), now(), 1)
         returning id)
     select (select id from instance_addresses where organization_id = $1 and ordinal > 0) as "addressId",
       (select id from read) as "invitationId", (select id from verified) as "invitedId",
       (select id from asked) as "questionId"`,
    [fixture.organizationId, tokenHash(token), filled.keyId],
  )
  if (!rest) throw new Error('fillOrganization() adds an address and invites somebody')
  const email = `staff@${fixture.slug}.northwind.example`
  const staff = await addStaff({ actor: { kind: 'system' } }, { email, role: 'account_manager' })
  const admin = await addStaff(
    { actor: { kind: 'system' } },
    { email: `admin@${fixture.slug}.northwind.example`, role: 'admin' },
  )
  const people = { staffId: staff.personId, adminId: admin.personId }
  return { ...fixture, ...filled, ...rest, token, ...people, products: await idsOf(database) }
}

const idsOf = async (database: TestDatabase) => ({
  forms: await productId(database, 'forms'),
  legacy: await productId(database, 'legacy'),
})

const paidSession = { complete: true, expired: false, paid: true, failed: false, invoiceId: 'in_of_the_test' }

const days = (count: number) => new Date(Date.now() + count * 86_400_000)
const glpi = (by: By): By => ({ ...by, actor: { kind: 'glpi' } })
/** Who asks in whatever organization, and finds there what it has. */
const admin = (by: By, { adminId: personId }: Things): By => ({ ...by, actor: { kind: 'staff', personId } })
const system = (by: By): By => ({ ...by, actor: { kind: 'system' } })

/** Each command of an organization, asked by its owner, or the system where no member may, for what `of` has. */
export const orders: Partial<Record<Permission, (by: By, of: Things) => Promise<unknown>>> = {
  'instance.add': (by, { instanceId }) =>
    addInstance(by, {
      label: 'Copy',
      url: 'https://copy.x.example',
      environment: 'test',
      testOfId: instanceId,
    }),
  'instance.edit': (by, { instanceId }) =>
    editInstance(by, { instanceId, label: 'Renamed', environment: 'production' }),
  'instance.retire': (by, { instanceId }) => retireInstance(by, { instanceId }),
  'instance.reinstate': (by, { instanceId }) => reinstateInstance(by, { instanceId }),
  'address.add': (by, { instanceId }) => addAddress(by, { instanceId, url: 'https://more.x.example' }),
  'address.remove': (by, { instanceId, addressId }) => removeAddress(by, { instanceId, addressId }),
  'key.reveal': (by, { renewedKeyId }) => revealKeys(by, { keyIds: [renewedKeyId], how: 'shown' }),
  'key.note_seen': (by, { keyId }) => noteKeySeen(by, { keyId }),
  'key.issue': (by, { instanceId, products }) =>
    issuePermanentKey(system(by), { productId: products.legacy, instanceId }),
  'key.revoke': (by, { renewedKeyId }) => revokeKey(system(by), { keyId: renewedKeyId, reason: 'requested' }),
  'key.restore': (by, { permanentKeyId }) => restoreKey(system(by), { keyId: permanentKeyId }),
  'key.extend': (by, { renewedKeyId }) =>
    extendKey(system(by), { keyId: renewedKeyId, until: days(1_500), reason: 'Because.' }),
  'question.answer': (by, { questionId }) =>
    answerQuestion(by, {
      questionId,
      answer: 'test_copy',
      edition: editionOf({ url: 'https://other.x.example', answer: null }),
      label: 'Copy',
    }),
  'question.answer_all': (by, { keyId, questionId }) =>
    answerAll(by, {
      keyId,
      editions: { [questionId]: editionOf({ url: 'https://other.x.example', answer: null }) },
      madeAt: new Date().toISOString(),
    }),
  'subscription.start': (by, { instanceId, products }) =>
    startSubscription(system(by), { productId: products.forms, instanceId }),
  'subscription.renew': (by, { subscriptionId }) => renewSubscription(system(by), { subscriptionId }),
  'checkout.begin': (by, { subscriptionId }) =>
    beginCheckout(by, { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }),
  // One that is at Stripe already, which so is asked nothing.
  'checkout.open': (by, { openedId: checkoutId }) => openSession(by, checkoutId),
  // One that Stripe knows nothing of.
  'checkout.give_up': (by, { checkoutId }) => giveUpCheckout(by, checkoutId),
  'checkout.record': (by, { checkoutId }) => recordAnswer(system(by), { checkoutId, answer: 'refused' }),
  'checkout.settle': (by, { checkoutId }) =>
    settleCheckout(system(by), { checkoutId, session: { ...paidSession, sessionId: 'cs_of_the_test' } }),
  'automatic.begin': (by, { subscriptionId }) =>
    beginAutomatic(by, { subscriptionId, shown: 29_000, currency: 'eur' }),
  // One that has ended, of which Stripe is asked nothing.
  'automatic.start': (by, { endedRenewalId }) => readyToStart(system(by), { renewalId: endedRenewalId }),
  'automatic.record': (by, { renewalId }) => keepAnswer(system(by), { renewalId, answer: 'failed' }),
  'automatic.settle': (by, { renewalId }) =>
    settleAutomatic(system(by), {
      renewalId,
      told: {
        stripeSubscriptionId: 'sub_new',
        state: 'live',
        because: 'at_stripe' as const,
        chargesAt: days(30),
      },
    }),
  'automatic.charge': (by, { endedRenewalId, slug }) =>
    settleCharge(system(by), {
      ...{ renewalId: endedRenewalId, stripeSubscriptionId: `sub_${slug}`, attempted: true },
      invoice: invoiceTold(`in_more_${slug}`, slug),
    }),
  'automatic.end': (by, { renewalId }) => endAutomatic(by, { renewalId }),
  'billing.forget_customer': (by, { slug }) => forgetCustomer(system(by), { customerId: `cus_${slug}` }),
  'billing.open_portal': (by) => readyForPortal(by, {}),
  'invoice.settle': (by, { invoiceId, slug }) =>
    settleInvoice(system(by), {
      reading: 2,
      ...{ chargeId: null, credited: [], entries: [] },
      lines: [
        { id: `il_${invoiceId}`, description: 'Forms Pro', amount: 29_000, tax: 5_800, checkoutLineId: null },
      ],
      invoice: invoiceTold(invoiceId, slug),
    }),
  'invoice.close_question': (by, { paymentQuestionId: questionId }) =>
    closeQuestion(system(by), { questionId }),
  'offline_file.close': (by, { fileId }) => closeFile(system(by), { fileId }),
  'billing.record_customer': (by, { slug }) => recordCustomer(system(by), { customerId: `cus_new_${slug}` }),
  'trial.start': (by, { instanceId, products }) =>
    startTrial(system(by), { productId: products.forms, instanceId }),
  'trial.begin': (by, { signUpId }) => beginSignedUp(by, { signUpId }),
  'trial.ask_to_join': (by, { joinSignUpId: signUpId, invitedId: personId }) =>
    askToJoinByDomain({ ...by, actor: { kind: 'person', personId } }, { signUpId }),
  'trial.extend': (by, { trialKeyId: keyId }) => extendTrial(by, { keyId }),
  'trial.ask': (by, { trialKeyId: keyId }) =>
    askForTrial(by, { kind: 'trial_time', keyId, reason: 'We were ill.' }),
  'request.decide': (by, of) =>
    decideRequest(admin(by, of), { requestId: of.requestId, answer: 'approved', note: 'Gladly.' }),
  'request.reply': (by, { requestId }) => replyToRequest(by, { requestId, note: 'The council.' }),
  'request.withdraw': (by, { requestId }) => withdrawRequest(by, { requestId }),
  'activation.activate': (by, { keyId, oldFingerprint: fingerprint, installationId }) =>
    activateKey(glpi(by), { keyId, fingerprint, installationId, secret: 'a secret' }),
  'installation.bind': (by, { renewedKeyId: keyId, fingerprint, installationId }) =>
    bindInstallation(glpi(by), { keyId, fingerprint, installationId }),
  'activation.give_back': (by, { renewedKeyId: keyId, activationId, installationId }) =>
    giveBack(glpi(by), { keyId, activationId, installationId, secret: 'a secret' }),
  'archive.download': (by, { instanceId }) =>
    downloadArchive(by, { instanceId, product: 'forms', version: '3.2.0' }),
  'offline_file.issue': (by, { renewedKeyId: keyId, installationId }) =>
    recordOfflineFile(by, { keyId, installationId }),
  'offline_file.declare_gone': (by, { fileId }) => declareGone(by, { fileId }),
  'member.add': (by, { slug }) => addMember(system(by), { email: `new@${slug}.example`, role: 'viewer' }),
  'member.invite': (by, { slug }) => inviteMember(by, { email: `next@${slug}.example`, role: 'viewer' }),
  'member.withdraw_invitation': (by, { invitationId }) => withdrawInvitation(by, { invitationId }),
  'invitation.accept': (by, { invitedId, token }) =>
    acceptInvitation({ ...by, actor: { kind: 'person', personId: invitedId } }, { token }),
  'member.ask_to_join': (by, { organizationId, keyId, invitedId: personId }) =>
    askToJoin(
      { ...by, actor: { kind: 'person', personId } },
      { proof: proofOf(personId, { organizationId, id: keyId }, new Date()) },
    ),
  'member.answer_join': (by, { joinRequestId: requestId }) =>
    answerJoin(by, { requestId, answer: 'approved', role: 'technical' }),
  'member.change_role': (by, { people }) => changeRole(by, { memberId: people.viewer, role: 'billing' }),
  'member.remove': (by, { people }) => removeMember(by, { memberId: people.viewer }),
  'member.leave': (by, { people }) =>
    leaveOrganization({ ...by, actor: { kind: 'member', personId: people.viewer } }, {}),
  'token.create': (by) => createToken(by, { name: 'Puppet', scopes: ['keys.read'], days: 90 }),
  'token.revoke': (by, { tokenId }) => revokeToken(by, { tokenId }),
  'assignment.add': (by, { staffId }) => assign(system(by), { staffId }),
  'assignment.remove': (by, { staffId }) => unassign(system(by), { staffId }),
  'organization.visit': ({ organizationId }, { staffId }) => recordVisit(staffId, organizationId ?? ''),
}

const invoiceTold = (id: string, slug: string) => ({
  ...{ id, number: `LK-${slug}`, status: 'paid' as const, currency: 'eur' },
  ...{ subtotal: 29_000, tax: 5_800, reverseCharge: false, total: 34_800 },
  ...{ amountPaid: 34_800, credited: 0, refunded: 34_800, hostedUrl: null, pdfUrl: null },
  ...{ createdAt: new Date(0), paidAt: null, dueAt: null, paymentIntentId: null },
})
