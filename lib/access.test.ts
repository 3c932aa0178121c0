import { expect, test } from 'vitest'
import {
  isStaffRole,
  may,
  memberRoles,
  type Permission,
  permissions,
  permissionsThatDiffer,
  type Role,
} from './access'
import { languages, type Translate, translator } from './messages/translator'

type Name = Parameters<Translate>[0]

const reading = [
  'organization.read',
  'activity.read',
  'activity.export',
  'member.read',
  'member.leave',
  'key.export',
  'billing.see_checkout',
  'request.reply',
  'request.withdraw',
  'trial.begin',
] as const
const paying = [
  'billing.read',
  'billing.open_portal',
  'checkout.begin',
  'checkout.open',
  'checkout.give_up',
  'automatic.begin',
  'automatic.end',
] as const
const working = [
  'instance.add',
  'instance.edit',
  'instance.retire',
  'instance.reinstate',
  'address.add',
  'address.remove',
  'key.note_seen',
  'trial.start',
] as const
const asking = ['trial.extend', 'trial.ask'] as const
const automating = [
  'archive.download',
  'offline_file.issue',
  'offline_file.declare_gone',
  'token.create',
  'token.revoke',
] as const
const looking = [
  'organization.read',
  'organization.visit',
  'activity.read',
  'activity.export',
  'member.read',
  'key.export',
  'billing.read',
  'billing.see_checkout',
  'staff.search',
  'request.read',
  'trial.count',
] as const
const helping = [
  'archive.download',
  'instance.add',
  'instance.edit',
  'instance.retire',
  'instance.reinstate',
  'address.add',
  'address.remove',
  'member.answer_join',
  'member.invite',
  'key.reveal',
  'key.revoke',
  'key.restore',
  'key.extend',
  'subscription.start',
  'trial.start',
  'trial.extend',
  'request.decide',
  'question.answer',
  'question.answer_all',
  'invoice.close_question',
  'offline_file.close',
] as const
const signingIn = ['sign_in.request', 'sign_in.complete', 'sign_in.staff', 'trial.sign_up'] as const

/**
 * What each role may, all of it, said a second time and by hand: the matrix of the browser tests reads the table itself,
 * so a line that is wrong there is wrong in both.
 */
const roles: Record<Role, readonly Permission[]> = {
  // Everything, and alone who belongs.
  owner: [
    ...reading,
    ...working,
    ...automating,
    ...asking,
    ...paying,
    'key.reveal',
    'question.answer',
    'question.answer_all',
    'member.answer_join',
    'member.invite',
    'member.withdraw_invitation',
    'member.change_role',
    'member.remove',
  ],
  // Reveals, installs, and keeps the instances.
  technical: [
    ...reading,
    ...working,
    ...automating,
    ...asking,
    'key.reveal',
    'question.answer',
    'question.answer_all',
  ],
  // Pays, and sees keys masked.
  billing: [...reading, ...paying],
  // Reads, masked.
  viewer: reading,
  // Of the vendor: looks at every organization, which its members read, and begins new ones.
  staff: [...looking, 'organization.create'],
  // Where they are assigned: what the customer's own people do with keys and instances, and what ends or lengthens a key.
  manager: [...looking, ...helping, 'organization.create'],
  // Also permanent keys, and who of the staff does what.
  admin: [
    ...looking,
    ...helping,
    'organization.create',
    'key.issue',
    'staff.read',
    'staff.add',
    'staff.end',
    'assignment.add',
    'assignment.remove',
  ],
  // Who presents a key: puts it to use, and gives it back.
  glpi: ['key.note_seen', 'activation.activate', 'activation.give_back', 'installation.bind'],
  // With an API token, what its scopes say.
  token: ['offline_file.issue'],
  // And by the link of a mail, which says whose it is.
  stranger: [...signingIn, 'account.mute_mails'],
  // Of themselves alone, whatever they belong to.
  person: [
    ...signingIn,
    'invitation.accept',
    'member.ask_to_join',
    'trial.ask_to_join',
    'request.reply',
    'request.withdraw',
    'session.end',
    'session.end_one',
    'session.end_others',
    'session.end_all',
    'account.set_language',
    'account.edit',
    'account.choose_mails',
    'account.request_email',
    'account.withdraw_email',
    'account.confirm_email',
  ],
  // What the vendor and the clock do; never reading, and never what a person decides of themselves.
  system: [
    ...working,
    'organization.create',
    'member.add',
    'member.invite',
    'catalog.apply',
    'trial.decide_sign_up',
    'price.record',
    'stripe.reconcile',
    'stripe.compare',
    'leases.rotate',
    'leases.publish',
    'key.issue',
    'key.revoke',
    'key.restore',
    'key.extend',
    'subscription.start',
    'subscription.renew',
    'billing.record_customer',
    'billing.forget_customer',
    'automatic.start',
    'automatic.record',
    'automatic.settle',
    'automatic.charge',
    'automatic.end',
    'checkout.give_up',
    'checkout.open',
    'checkout.record',
    'checkout.settle',
    'invoice.settle',
    'invoice.close_question',
    'offline_file.close',
    'staff.add',
    'staff.end',
    'assignment.add',
    'assignment.remove',
  ],
}

test.each(Object.entries(roles))('%s may what is written here, and nothing else', (role, wanted) => {
  // the keys of the two tables themselves
  const all = Object.keys(permissions) as Permission[]
  expect(all.filter((permission) => may(role as Role, permission)).sort()).toEqual([...wanted].sort())
})

test('staff, account managers and admins are of the vendor, nobody else is', () => {
  // the keys of the table itself
  const all = Object.keys(roles) as Role[]
  expect(all.filter(isStaffRole)).toEqual(['staff', 'manager', 'admin'])
})

test('each permission in which members differ is said in plain words, in words of its own', () => {
  const differing = permissionsThatDiffer()
  expect(differing.length).toBeGreaterThan(10)
  for (const language of languages) {
    const t = translator(language)
    // a name that is missing is what the test is for
    const names = differing.map((permission) => `members.may.${permission}` as Name)
    expect(names.filter((name) => !t.has(name))).toEqual([])
    expect(new Set(names.map((name) => t(name))).size).toBe(names.length)
  }
})

test('what every member may, and what none may, is no difference', () => {
  for (const permission of ['organization.read', 'member.leave', 'key.issue', 'invitation.accept'] as const) {
    expect(permissionsThatDiffer()).not.toContain(permission)
    expect(new Set(memberRoles.map((role) => may(role, permission))).size).toBe(1)
  }
})
