import { randomUUID } from 'node:crypto'
import type { Permission } from '@/lib/access'
import { editionOf } from '@/lib/activations/answer'
import {
  askedBack,
  asksToJoin,
  type Customer,
  calledFrom,
  endTrial,
  openRenewal,
  openStranger,
  type Person,
  runTrial,
  untilEndIsTold,
} from './customer'
import type { Fields } from './send'

/** For a page or route: the permission that it asks for; null where anybody may look. */
/** When the pages of these forms were made: the same for whoever sends one, so that their answers can be compared. */
const openedAt = new Date().toISOString()

export interface Path {
  permission: Permission | null
  /** Its address in an organization; `ids` names the organization whose instance and keys are meant, when it is another's. */
  at: (slug: string, ids: Customer) => string
  method?: 'POST'
  /** It is the vendor's own, and belongs to no organization. */
  staff?: true
  /** What it answers to everybody, whatever the organization. */
  status?: number
  /** What it answers where it does not exist, if not 404: a file leads to the page beside it, which says so. */
  missing?: 307
  fields?: (slug: string, ids: Customer) => Fields
}

const inInstance = (rest: string) => (slug: string, ids: Customer) =>
  `/${slug}/instances/${ids.instanceId}${rest}`

const ofMember = (rest: string) => (slug: string, ids: Customer) => `/${slug}/members/${ids.memberId}${rest}`

const ofToken = (slug: string, ids: Customer) => `/${slug}/settings/tokens/${ids.tokenId}`

const ofFile = (slug: string, ids: Customer) => `/${slug}/offline-files/${ids.fileId}`

const ofKey = (slug: string, ids: Customer) => `/${slug}/keys/${ids.keys[0]?.id}`

const ofCheckout = (slug: string, ids: Customer) => `/${slug}/billing/checkouts/${ids.checkoutId}`

const ofAutomatic = (slug: string, ids: Customer) => `/${slug}/billing/automatic/${ids.subscriptionId}`

const ofRenewal = (slug: string, { keys }: Customer) =>
  `/${slug}/billing/renew?${keys.map(({ id }) => `k=${id}`).join('&')}`

const read = 'organization.read'

/** Each page and route handler of the build; the matrix fails when one is missing here, or here alone. */
export const paths: Record<string, Path> = {
  '/(portal)/[org]/page': { permission: read, at: (slug) => `/${slug}` },
  '/(portal)/[org]/keys/page': { permission: read, at: (slug) => `/${slug}/keys?state=all` },
  '/(portal)/[org]/keys/[id]/page': { permission: read, at: ofKey },
  '/(portal)/[org]/keys/new/page': { permission: read, at: (slug) => `/${slug}/keys/new` },
  '/(portal)/[org]/trials/page': {
    permission: read,
    at: (slug, { products }) => `/${slug}/trials?try=${products.signature}`,
  },
  '/(portal)/[org]/keys/export/route': {
    permission: 'key.export',
    missing: 307,
    at: (slug) => `/${slug}/keys/export`,
  },
  '/(portal)/[org]/keys/file/route': {
    permission: 'key.reveal',
    method: 'POST',
    at: (slug) => `/${slug}/keys/file`,
    fields: (slug, { keys }) => [['organization', slug], ...keys.map(({ id }) => ['keyId', id] as const)],
  },
  '/(portal)/[org]/activity/page': { permission: 'activity.read', at: (slug) => `/${slug}/activity` },
  '/(portal)/[org]/activity/export/route': {
    permission: 'activity.export',
    missing: 307,
    at: (slug) => `/${slug}/activity/export`,
  },
  '/(portal)/[org]/search/route': {
    permission: null,
    method: 'POST',
    status: 303,
    at: (slug) => `/${slug}/search`,
    fields: () => [
      ['list', 'keys'],
      ['q', 'desk'],
    ],
  },
  '/(portal)/[org]/instances/page': { permission: read, at: (slug) => `/${slug}/instances` },
  '/(portal)/[org]/instances/new/page': { permission: read, at: (slug) => `/${slug}/instances/new` },
  '/(portal)/[org]/instances/[id]/page': { permission: read, at: inInstance('') },
  '/(portal)/[org]/instances/[id]/edit/page': { permission: read, at: inInstance('/edit') },
  '/(portal)/[org]/instances/[id]/archives/route': {
    permission: 'archive.download',
    missing: 307,
    at: inInstance('/archives?product=formspro&version=3.2.0'),
  },
  '/(portal)/[org]/instances/[id]/retire/page': { permission: read, at: inInstance('/retire') },
  '/(portal)/[org]/instances/[id]/offline/page': { permission: read, at: inInstance('/offline') },
  '/(portal)/[org]/offline-files/[id]/page': { permission: read, at: ofFile },
  '/(portal)/[org]/offline-files/route': {
    permission: 'offline_file.issue',
    method: 'POST',
    at: (slug) => `/${slug}/offline-files`,
    fields: (slug, { instanceId, keys }) => [
      ['organization', slug],
      ['instanceId', instanceId],
      ['key', keys[0]?.id ?? ''],
      ['installationId', 'e2e-matrix'],
    ],
  },
  '/(portal)/[org]/billing/page': { permission: 'billing.read', at: (slug) => `/${slug}/billing` },
  '/(portal)/[org]/billing/invoices/page': {
    permission: 'billing.read',
    at: (slug) => `/${slug}/billing/invoices`,
  },
  '/(portal)/[org]/billing/buy/page': {
    permission: 'checkout.begin',
    at: (slug, { spareId }) => `/${slug}/billing/buy?i=${spareId}`,
  },
  '/(portal)/[org]/billing/renew/page': { permission: 'checkout.begin', at: ofRenewal },
  '/(portal)/[org]/billing/automatic/[subscription]/page': { permission: 'billing.read', at: ofAutomatic },
  '/(portal)/[org]/billing/checkouts/[id]/page': { permission: 'billing.see_checkout', at: ofCheckout },
  '/(portal)/[org]/members/page': { permission: 'member.read', at: (slug) => `/${slug}/members` },
  '/(portal)/[org]/members/invite/page': {
    permission: 'member.read',
    at: (slug) => `/${slug}/members/invite`,
  },
  '/(portal)/[org]/members/leave/page': {
    permission: 'member.leave',
    at: (slug) => `/${slug}/members/leave`,
  },
  '/(portal)/[org]/members/[id]/page': { permission: 'member.read', at: ofMember('') },
  '/(portal)/[org]/members/[id]/remove/page': { permission: 'member.read', at: ofMember('/remove') },
  '/(portal)/[org]/questions/page': { permission: read, at: (slug) => `/${slug}/questions` },
  '/(portal)/[org]/questions/[id]/page': {
    permission: read,
    at: (slug, { questionId }) => `/${slug}/questions/${questionId}`,
  },
  '/(portal)/[org]/questions/not-ours/[id]/page': {
    permission: read,
    at: (slug, { keys }) => `/${slug}/questions/not-ours/${keys[0]?.id}`,
  },
  '/(public)/help/glpi/page': { permission: null, status: 200, at: () => '/help/glpi' },
  '/(public)/help/what-glpi-sends/page': { permission: null, status: 200, at: () => '/help/what-glpi-sends' },
  '/(public)/open/[code]/page': { permission: null, at: () => '/open/000000' },
  '/(portal)/[org]/settings/page': { permission: read, at: (slug) => `/${slug}/settings` },
  '/(portal)/[org]/settings/tokens/new/page': {
    permission: read,
    at: (slug) => `/${slug}/settings/tokens/new`,
  },
  '/(portal)/[org]/settings/tokens/[id]/page': { permission: read, at: ofToken },
  '/(portal)/account/page': { permission: null, at: () => '/account' },
  '/(public)/account/email/page': { permission: null, at: () => '/account/email?token=none' },
  '/(public)/account/mails/page': { permission: null, status: 200, at: () => '/account/mails?token=none' },
  // What none of our mails had is nowhere, whoever posts it.
  '/(public)/account/mails/off/route': {
    permission: null,
    method: 'POST',
    status: 404,
    at: () => '/account/mails/off?token=none',
    fields: () => [['List-Unsubscribe', 'One-Click']],
  },
  '/staff/page': { permission: 'staff.search', staff: true, at: () => '/staff?q=desk' },
  '/staff/search/route': {
    permission: 'staff.search',
    staff: true,
    method: 'POST',
    at: () => '/staff/search',
    fields: (_slug, { keys }) => [['q', keys[0]?.characters ?? '']],
  },
  '/staff/organizations/new/page': {
    permission: 'organization.create',
    staff: true,
    at: () => '/staff/organizations/new',
  },
  '/staff/requests/page': { permission: 'request.read', staff: true, at: () => '/staff/requests' },
  '/staff/trials/page': { permission: 'trial.count', staff: true, at: () => '/staff/trials' },
  '/staff/people/page': { permission: 'staff.read', staff: true, at: () => '/staff/people' },
  '/staff/people/[id]/end/page': {
    permission: 'staff.read',
    staff: true,
    at: (_slug, { spareStaffId }) => `/staff/people/${spareStaffId}/end`,
  },
  '/trial/page': { permission: null, status: 200, at: () => '/trial' },
  '/trial/[reference]/page': { permission: null, status: 200, at: () => '/trial/signature' },
  '/trial/sign-up/[id]/page': { permission: null, at: () => `/trial/sign-up/${randomUUID()}` },
  '/(public)/check/page': { permission: null, status: 200, at: () => '/check' },
  '/(public)/invitation/page': { permission: null, at: () => '/invitation?token=none' },
  '/(public)/page': { permission: null, at: () => '/' },
  '/(public)/sign-in/page': { permission: null, at: () => '/sign-in' },
  '/(public)/sign-in/code/page': { permission: null, at: () => '/sign-in/code' },
  // Without a provider both lead to where one signs in.
  '/(public)/sign-in/staff/route': { permission: null, status: 307, at: () => '/sign-in/staff' },
  '/(public)/sign-in/staff/callback/route': {
    permission: null,
    status: 307,
    at: () => '/sign-in/staff/callback?code=none&state=none',
  },
  '/(public)/sign-in/link/page': { permission: null, at: () => '/sign-in/link?token=none' },
  '/help/api/page': { permission: null, status: 200, at: () => '/help/api' },
  '/_not-found/page': { permission: null, at: () => '/no/such/page' },
  '/_global-error/page': { permission: null, at: () => '/_global-error' },
  '/icon.svg/route': { permission: null, at: () => '/icon.svg' },
  '/api/health/route': { permission: null, at: () => '/api/health' },
  '/api/ready/route': { permission: null, at: () => '/api/ready' },
  // What is not signed by Stripe is refused, whoever sends it.
  '/api/stripe/webhook/route': {
    permission: null,
    method: 'POST',
    status: 400,
    at: () => '/api/stripe/webhook',
    fields: () => [['id', 'evt_forged']],
  },
}

/** The forms that stand on a page for whoever may: their permission by the page. */
export const forms: Record<string, Permission> = {
  '/(portal)/[org]/keys/[id]/page': 'key.revoke',
  '/(portal)/[org]/keys/new/page': 'subscription.start',
  '/(portal)/[org]/instances/new/page': 'instance.add',
  '/(portal)/[org]/instances/[id]/edit/page': 'instance.edit',
  '/(portal)/[org]/instances/[id]/retire/page': 'instance.retire',
  '/(portal)/[org]/instances/[id]/offline/page': 'offline_file.issue',
  '/(portal)/[org]/offline-files/[id]/page': 'offline_file.declare_gone',
  '/(portal)/[org]/billing/renew/page': 'checkout.begin',
  '/(portal)/[org]/billing/automatic/[subscription]/page': 'automatic.begin',
  '/(portal)/[org]/billing/checkouts/[id]/page': 'checkout.open',
  '/(portal)/[org]/members/invite/page': 'member.invite',
  '/(portal)/[org]/members/[id]/page': 'member.change_role',
  '/(portal)/[org]/members/[id]/remove/page': 'member.remove',
  '/(portal)/[org]/settings/tokens/new/page': 'token.create',
  '/(portal)/[org]/settings/tokens/[id]/page': 'token.revoke',
}

export interface Action {
  permission: Permission
  /** A page that has it. */
  at: (slug: string, ids: Customer) => string
  /** It is about nothing that another organization could have. */
  alone?: true
  /** Makes what it is done to, where no page needs it; `by`: who is about to do it, of an organization of theirs. */
  prepare?: (ids: Customer, by: Person | null) => Promise<unknown>
  /** What its page asks for, where that is not what every page of an organization does. */
  page?: Permission
  /** Without the organization and the idempotency key, which every form has. */
  fields: (ids: Customer) => Fields
}

const questions = 'app/(portal)/[org]/questions/actions.ts'
const instances = 'app/(portal)/[org]/instances/actions.ts'
const keys = 'app/(portal)/[org]/keys/actions.ts'
const members = 'app/(portal)/[org]/members/actions.ts'
const billing = 'app/(portal)/[org]/billing/actions.ts'
const key = 'app/(portal)/[org]/keys/[id]/actions.ts'
const issue = 'app/(portal)/[org]/keys/new/actions.ts'
const settings = 'app/(portal)/[org]/settings/actions.ts'
const offline = 'app/(portal)/[org]/offline-files/actions.ts'
const trials = 'app/(portal)/[org]/trials/actions.ts'
const staff = 'app/staff/actions.ts'
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
const newAddress = () => ['url', `https://x${randomUUID().slice(-12)}.example`] as const

/** The actions of an organization's pages, in an order in which each can be done after the one before. */
export const organizationActions: Record<string, Action> = {
  [`${keys} reveal`]: {
    permission: 'key.reveal',
    at: (slug) => `/${slug}/keys`,
    fields: (ids) => [['reveal', `copied ${ids.keys[0]?.id}`]],
  },
  [`${keys} markInstalled`]: {
    permission: 'key.note_seen',
    at: inInstance(''),
    fields: (ids) => [
      ['keyId', ids.keys.at(-1)?.id ?? ''],
      ['instanceId', ids.instanceId],
    ],
  },
  [`${issue} issueSubscription`]: {
    permission: 'subscription.start',
    at: (slug) => `/${slug}/keys/new`,
    // Where no key of the product works yet: a second one takes an admin.
    fields: ({ spareId, products }) => [
      ['productId', products.formspro],
      ['instanceId', spareId],
      ['months', '12'],
      ['note', 'Ordered by letter.'],
    ],
  },
  [`${issue} issuePermanent`]: {
    permission: 'key.issue',
    at: (slug) => `/${slug}/keys/new`,
    fields: ({ instanceId, products }) => [
      ['productId', products.ticketimport],
      ['instanceId', instanceId],
      ['note', 'Ordered by letter.'],
    ],
  },
  [`${trials} start`]: {
    permission: 'trial.start',
    at: (slug, { products }) => `/${slug}/trials?try=${products.signature}`,
    fields: ({ spareId, products }) => [
      ['productId', products.signature],
      ['instanceId', spareId],
      ['note', 'They asked by telephone.'],
    ],
  },
  [`${trials} extend`]: {
    permission: 'trial.extend',
    at: (slug) => `/${slug}/trials`,
    prepare: runTrial,
    fields: ({ trialKeyId }) => [
      ['keyId', trialKeyId],
      ['note', 'They were ill.'],
    ],
  },
  [`${trials} askForTime`]: {
    permission: 'trial.ask',
    at: (slug) => `/${slug}/trials`,
    fields: ({ trialKeyId }) => [
      ['keyId', trialKeyId],
      ['reason', 'We were ill.'],
    ],
  },
  [`${trials} askAgain`]: {
    permission: 'trial.ask',
    at: (slug) => `/${slug}/trials`,
    prepare: endTrial,
    fields: ({ spareId, trialProductId }) => [
      ['productId', trialProductId],
      ['instanceId', spareId],
      ['reason', 'Others decide now.'],
    ],
  },
  [`${trials} reply`]: {
    permission: 'request.reply',
    at: (slug) => `/${slug}/trials`,
    prepare: askedBack,
    fields: ({ requestId }) => [
      ['requestId', requestId],
      ['note', 'The council.'],
    ],
  },
  [`${trials} withdraw`]: {
    permission: 'request.withdraw',
    at: (slug) => `/${slug}/trials`,
    prepare: askedBack,
    fields: ({ requestId }) => [['requestId', requestId]],
  },
  'app/staff/requests/actions.ts decide': {
    permission: 'request.decide',
    page: 'request.read',
    at: () => '/staff/requests',
    prepare: askedBack,
    fields: ({ requestId }) => [
      ['requestId', requestId],
      ['answer', 'declined'],
      ['note', 'Twice is enough.'],
    ],
  },
  // Of these the one that no newer one follows: beside that, restoring it takes an admin.
  [`${key} extend`]: {
    permission: 'key.extend',
    at: ofKey,
    fields: ({ keys: [, second] }) => [
      ['keyId', second?.id ?? ''],
      // Beyond a year and two weeks, and within what an account manager may.
      ['until', inDays(400)],
      ['why', 'The invoice is late.'],
    ],
  },
  [`${key} revoke`]: {
    permission: 'key.revoke',
    at: ofKey,
    fields: ({ keys: [, second] }) => [
      ['keyId', second?.id ?? ''],
      ['reason', 'requested'],
      ['note', ''],
    ],
  },
  [`${key} restore`]: {
    permission: 'key.restore',
    at: ofKey,
    fields: ({ keys: [, second] }) => [
      ['keyId', second?.id ?? ''],
      ['note', 'It was another one.'],
    ],
  },
  [`${staff} assignTo`]: {
    permission: 'assignment.add',
    alone: true,
    page: 'staff.read',
    at: () => '/staff/people',
    fields: ({ spareStaffId }) => [['staffId', spareStaffId]],
  },
  [`${staff} closePaymentQuestion`]: {
    permission: 'invoice.close_question',
    alone: true,
    page: 'staff.search',
    at: () => '/staff',
    fields: ({ paymentQuestionId }) => [['questionId', paymentQuestionId]],
  },
  [`${staff} closeOfflineFile`]: {
    permission: 'offline_file.close',
    alone: true,
    page: 'staff.search',
    at: () => '/staff',
    fields: ({ fileId }) => [['fileId', fileId]],
  },
  [`${staff} takeAway`]: {
    permission: 'assignment.remove',
    alone: true,
    page: 'staff.read',
    at: () => '/staff/people',
    fields: ({ spareStaffId }) => [['staffId', spareStaffId]],
  },
  [`${instances} add`]: {
    permission: 'instance.add',
    alone: true,
    at: (slug) => `/${slug}/instances/new`,
    fields: () => [
      ['label', 'Added'],
      newAddress(),
      ['environment', 'production'],
      ['glpiVersion', '11.0.4'],
    ],
  },
  [`${instances} edit`]: {
    permission: 'instance.edit',
    at: inInstance('/edit'),
    fields: ({ instanceId }) => [
      ['instanceId', instanceId],
      ['label', 'Renamed'],
      ['environment', 'production'],
      ['glpiVersion', '10.0.18'],
    ],
  },
  [`${instances} addFurtherAddress`]: {
    permission: 'address.add',
    at: inInstance('/edit'),
    fields: ({ instanceId }) => [['instanceId', instanceId], newAddress()],
  },
  [`${instances} removeFurtherAddress`]: {
    permission: 'address.remove',
    at: inInstance('/edit'),
    fields: ({ instanceId, addressId }) => [
      ['instanceId', instanceId],
      ['addressId', addressId],
    ],
  },
  [`${instances} retire`]: {
    permission: 'instance.retire',
    at: inInstance('/retire'),
    fields: ({ spareId }) => [['instanceId', spareId]],
  },
  [`${instances} reinstate`]: {
    permission: 'instance.reinstate',
    at: inInstance('/edit'),
    fields: ({ spareId }) => [['instanceId', spareId]],
  },
  [`${questions} answer`]: {
    permission: 'question.answer',
    at: (slug, { questionId }) => `/${slug}/questions/${questionId}`,
    fields: ({ questionId }) => [
      ['questionId', questionId],
      ['edition', editionOf({ url: calledFrom, answer: 'not_ours' })],
      ['answer', 'test_copy'],
      ['label', 'Copy'],
    ],
  },
  [`${questions} answerNoneOurs`]: {
    permission: 'question.answer_all',
    at: (slug, { keys }) => `/${slug}/questions/not-ours/${keys[0]?.id}`,
    prepare: openStranger,
    fields: ({ keys, strangerId }) => [
      ['keyId', keys[0]?.id ?? ''],
      ['madeAt', openedAt],
      [`edition.${strangerId}`, editionOf({ url: calledFrom, answer: null })],
    ],
  },
  [`${billing} pay`]: {
    permission: 'checkout.begin',
    page: 'checkout.begin',
    at: ofRenewal,
    fields: ({ subscriptionId }) => [
      ['subscriptionIds', subscriptionId],
      ['purchases', ''],
      ['shown', '49000'],
      ['currency', 'eur'],
    ],
  },
  [`${billing} goOn`]: {
    permission: 'checkout.open',
    at: ofCheckout,
    fields: ({ checkoutId }) => [['checkoutId', checkoutId]],
  },
  [`${billing} giveUp`]: {
    permission: 'checkout.give_up',
    at: ofCheckout,
    fields: ({ checkoutId }) => [['checkoutId', checkoutId]],
  },
  [`${billing} switchOn`]: {
    permission: 'automatic.begin',
    at: ofAutomatic,
    fields: ({ subscriptionId }) => [
      ['subscriptionId', subscriptionId],
      ['shown', '49000'],
      ['currency', 'eur'],
    ],
  },
  [`${billing} manage`]: {
    permission: 'billing.open_portal',
    alone: true,
    at: (slug) => `/${slug}/billing`,
    fields: () => [],
  },
  [`${settings} create`]: {
    permission: 'token.create',
    alone: true,
    at: (slug) => `/${slug}/settings/tokens/new`,
    fields: () => [
      ['name', 'Ansible'],
      ['keys.read', 'on'],
      ['days', '90'],
    ],
  },
  [`${settings} revoke`]: {
    permission: 'token.revoke',
    at: ofToken,
    fields: ({ tokenId }) => [['tokenId', tokenId]],
  },
  [`${offline} gone`]: {
    permission: 'offline_file.declare_gone',
    at: ofFile,
    fields: ({ fileId }) => [['fileId', fileId]],
  },
  [`${members} invite`]: {
    permission: 'member.invite',
    alone: true,
    at: (slug) => `/${slug}/members/invite`,
    fields: () => [
      ['email', `guest@x${randomUUID().slice(-12)}.example`],
      ['role', 'viewer'],
    ],
  },
  [`${members} withdraw`]: {
    permission: 'member.withdraw_invitation',
    at: (slug) => `/${slug}/members`,
    fields: ({ invitationId }) => [['invitationId', invitationId]],
  },
  [`${members} answerAsked`]: {
    permission: 'member.answer_join',
    at: (slug) => `/${slug}/members`,
    prepare: asksToJoin,
    fields: ({ joinRequestId }) => [
      ['requestId', joinRequestId],
      ['answer', 'approved'],
      ['role', 'viewer'],
    ],
  },
  // A second owner, so that the first one may leave.
  [`${members} setRole`]: {
    permission: 'member.change_role',
    at: ofMember(''),
    fields: ({ memberId }) => [
      ['memberId', memberId],
      ['role', 'owner'],
    ],
  },
  [`${members} remove`]: {
    permission: 'member.remove',
    at: ofMember('/remove'),
    fields: ({ people }) => [['memberId', people.viewer.personId]],
  },
  [`${billing} endRenewal`]: {
    permission: 'automatic.end',
    prepare: openRenewal,
    at: ofAutomatic,
    fields: ({ subscriptionId, renewalId }) => [
      ['subscriptionId', subscriptionId],
      ['renewalId', renewalId],
    ],
  },
  [`${members} leave`]: {
    permission: 'member.leave',
    page: 'member.leave',
    alone: true,
    prepare: untilEndIsTold,
    at: (slug) => `/${slug}/members/leave`,
    fields: () => [],
  },
}

const account = 'app/_request/account-actions.ts'
const accountPage = 'app/(portal)/account/actions.ts'
const signIn = 'app/(public)/sign-in/actions.ts'

/** Actions that belong to no organization; those of signing in have their tests in sign-in.test.ts. */
export const personalActions: Record<
  string,
  { permission: Permission | null; stated: boolean; fields: Fields }
> = {
  [`${account} chooseTheme`]: { permission: null, stated: false, fields: [['theme', 'dark']] },
  [`${account} chooseLanguage`]: {
    permission: 'account.set_language',
    stated: false,
    fields: [['language', 'fr']],
  },
  [`${account} signOut`]: { permission: 'session.end', stated: false, fields: [] },
  [`${account} signOutEverywhere`]: { permission: 'session.end_all', stated: false, fields: [] },
  [`${accountPage} editDetails`]: {
    permission: 'account.edit',
    stated: true,
    fields: [
      ['name', 'Forged'],
      ['language', 'fr'],
      ['timeZone', 'Asia/Tokyo'],
    ],
  },
  [`${accountPage} chooseKinds`]: { permission: 'account.choose_mails', stated: true, fields: [] },
  'app/(public)/account/mails/actions.ts turnOff': {
    permission: 'account.mute_mails',
    stated: true,
    fields: [['token', 'none']],
  },
  [`${accountPage} endOne`]: {
    permission: 'session.end_one',
    stated: true,
    fields: [['sessionId', randomUUID()]],
  },
  [`${accountPage} endOthers`]: { permission: 'session.end_others', stated: true, fields: [] },
  [`${accountPage} askForEmail`]: {
    permission: 'account.request_email',
    stated: true,
    fields: [
      ['email', 'forged@e2e.example'],
      ['idempotencyKey', randomUUID()],
    ],
  },
  [`${accountPage} takeEmailBack`]: { permission: 'account.withdraw_email', stated: true, fields: [] },
  'app/(public)/account/email/actions.ts confirm': {
    permission: 'account.confirm_email',
    stated: true,
    fields: [['token', 'none']],
  },
  'app/(public)/open/actions.ts openNamed': {
    permission: null,
    stated: true,
    fields: [['code', '000000']],
  },
  // It does nothing that could be recorded.
  'app/(public)/check/actions.ts check': {
    permission: null,
    stated: true,
    fields: [
      ['pasted', 'plugin'],
      ['url', 'https://glpi.example'],
      ['installationId', 'none'],
      ['glpiVersion', '11.0.4'],
      ['product', 'formspro'],
      ['productVersion', '3.2.0'],
      ['kind', 'trial'],
    ],
  },
  'app/(public)/check/actions.ts askOwners': {
    permission: 'member.ask_to_join',
    stated: true,
    fields: [['ask', 'none']],
  },
  'app/(public)/invitation/actions.ts accept': {
    permission: 'invitation.accept',
    stated: true,
    fields: [['token', 'none']],
  },
  'app/trial/actions.ts signUp': {
    permission: 'trial.sign_up',
    stated: true,
    fields: [
      ['productId', randomUUID()],
      ['email', 'nobody@e2e.example'],
      ['organizationName', 'Forged'],
      ['url', 'https://glpi.e2e.example'],
      ['timeZone', 'Asia/Tokyo'],
    ],
  },
  'app/trial/actions.ts goOn': {
    permission: 'trial.begin',
    stated: true,
    fields: [['signUpId', randomUUID()]],
  },
  'app/trial/actions.ts askToJoin': {
    permission: 'trial.ask_to_join',
    stated: true,
    fields: [['signUpId', randomUUID()]],
  },
  'app/joining/actions.ts withdrawOwn': {
    permission: 'request.withdraw',
    stated: true,
    fields: [['requestId', randomUUID()]],
  },
  [`${signIn} askForMail`]: {
    permission: 'sign_in.request',
    stated: true,
    fields: [['email', 'nobody@e2e.example']],
  },
  [`${signIn} sendAnotherMail`]: { permission: 'sign_in.request', stated: true, fields: [] },
  [`${signIn} signInWithCode`]: {
    permission: 'sign_in.complete',
    stated: true,
    fields: [['code', '123456']],
  },
  [`${signIn} signInWithLink`]: {
    permission: 'sign_in.complete',
    stated: true,
    fields: [['token', 'none']],
  },
}

/** What staff do outside any organization: the fields, given somebody of the staff whom nobody needs. */
export const staffActions: Record<
  string,
  { permission: Permission; at: (spareStaffId: string) => string; fields: (spareStaffId: string) => Fields }
> = {
  [`${staff} createCustomer`]: {
    permission: 'organization.create',
    at: () => '/staff/organizations/new',
    fields: () => [
      ['name', 'Made by staff'],
      ['slug', `made-${randomUUID().slice(-12)}`],
      ['timeZone', 'Europe/Paris'],
      ['email', `owner@x${randomUUID().slice(-12)}.example`],
    ],
  },
  [`${staff} addToStaff`]: {
    permission: 'staff.add',
    at: () => '/staff/people',
    fields: () => [
      ['email', `new@x${randomUUID().slice(-12)}.example`],
      ['role', 'account_manager'],
    ],
  },
  [`${staff} endForStaff`]: {
    permission: 'staff.end',
    at: (spareStaffId) => `/staff/people/${spareStaffId}/end`,
    fields: (spareStaffId) => [['staffId', spareStaffId]],
  },
}

/** What the form of an action holds, as its page writes it. */
export const formOf = (action: Action, slug: string, ids: Customer): Fields => [
  ['organization', slug],
  ['idempotencyKey', randomUUID()],
  ...action.fields(ids),
]
