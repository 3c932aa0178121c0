import { randomUUID } from 'node:crypto'
import type { Permission } from '@/lib/access'
import type { Customer } from './customer'
import type { Fields } from './send'

/** For a page or route: the permission that it asks for; null where anybody may look. */
export interface Path {
  permission: Permission | null
  /** Its address in an organization; `ids` names the organization whose instance and keys are meant, when it is another's. */
  at: (slug: string, ids: Customer) => string
  method?: 'POST'
  /** What it answers to everybody, whatever the organization. */
  status?: number
  fields?: (slug: string, ids: Customer) => Fields
}

const inInstance = (rest: string) => (slug: string, ids: Customer) =>
  `/${slug}/instances/${ids.instanceId}${rest}`

const ofMember = (rest: string) => (slug: string, ids: Customer) => `/${slug}/members/${ids.memberId}${rest}`

const read = 'organization.read'

/** Each page and route handler of the build; the matrix fails when one is missing here, or here alone. */
export const paths: Record<string, Path> = {
  '/(portal)/[org]/page': { permission: read, at: (slug) => `/${slug}` },
  '/(portal)/[org]/keys/page': { permission: read, at: (slug) => `/${slug}/keys?state=all` },
  '/(portal)/[org]/keys/export/route': { permission: 'key.export', at: (slug) => `/${slug}/keys/export` },
  '/(portal)/[org]/keys/file/route': {
    permission: 'key.reveal',
    method: 'POST',
    at: (slug) => `/${slug}/keys/file`,
    fields: (slug, { keys }) => [['organization', slug], ...keys.map(({ id }) => ['keyId', id] as const)],
  },
  '/(portal)/[org]/activity/page': { permission: 'activity.read', at: (slug) => `/${slug}/activity` },
  '/(portal)/[org]/activity/export/route': {
    permission: 'activity.export',
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
  '/(portal)/[org]/instances/[id]/retire/page': { permission: read, at: inInstance('/retire') },
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
  '/(portal)/account/page': { permission: null, at: () => '/account' },
  '/(public)/account/email/page': { permission: null, at: () => '/account/email?token=none' },
  '/(public)/invitation/page': { permission: null, at: () => '/invitation?token=none' },
  '/(public)/page': { permission: null, at: () => '/' },
  '/(public)/sign-in/page': { permission: null, at: () => '/sign-in' },
  '/(public)/sign-in/code/page': { permission: null, at: () => '/sign-in/code' },
  '/(public)/sign-in/link/page': { permission: null, at: () => '/sign-in/link?token=none' },
  '/_not-found/page': { permission: null, at: () => '/no/such/page' },
  '/_global-error/page': { permission: null, at: () => '/_global-error' },
  '/icon.svg/route': { permission: null, at: () => '/icon.svg' },
  '/api/health/route': { permission: null, at: () => '/api/health' },
  '/api/ready/route': { permission: null, at: () => '/api/ready' },
}

/** The forms that stand on a page for whoever may: their permission by the page. */
export const forms: Record<string, Permission> = {
  '/(portal)/[org]/instances/new/page': 'instance.add',
  '/(portal)/[org]/instances/[id]/edit/page': 'instance.edit',
  '/(portal)/[org]/instances/[id]/retire/page': 'instance.retire',
  '/(portal)/[org]/members/invite/page': 'member.invite',
  '/(portal)/[org]/members/[id]/page': 'member.change_role',
  '/(portal)/[org]/members/[id]/remove/page': 'member.remove',
}

export interface Action {
  permission: Permission
  /** A page that has it. */
  at: (slug: string, ids: Customer) => string
  /** It is about nothing that another organization could have. */
  alone?: true
  /** Without the organization and the idempotency key, which every form has. */
  fields: (ids: Customer) => Fields
}

const instances = 'app/(portal)/[org]/instances/actions.ts'
const keys = 'app/(portal)/[org]/keys/actions.ts'
const members = 'app/(portal)/[org]/members/actions.ts'
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
  [`${members} leave`]: {
    permission: 'member.leave',
    alone: true,
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
  'app/(public)/invitation/actions.ts accept': {
    permission: 'invitation.accept',
    stated: true,
    fields: [['token', 'none']],
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

/** What the form of an action holds, as its page writes it. */
export const formOf = (action: Action, slug: string, ids: Customer): Fields => [
  ['organization', slug],
  ['idempotencyKey', randomUUID()],
  ...action.fields(ids),
]
