export const memberRoles = ['owner', 'billing', 'technical', 'viewer'] as const
export type MemberRole = (typeof memberRoles)[number]
/**
 * What one of the vendor's people is to an organization: `staff` reads it, `manager` is the account manager who was assigned
 * to it, `admin` needs no assignment. Outside any organization an account manager is `staff`.
 */
export const staffRoles = ['staff', 'manager', 'admin'] as const
export type StaffRole = (typeof staffRoles)[number]
/** `glpi`: a GLPI that presents a key. `token`: a program with an API token of the organization. `stranger`: nobody is signed in. `person`: signed in, whatever they belong to. `system`: the worker, the seed, Stripe. */
export type Role = MemberRole | StaffRole | 'glpi' | 'token' | 'stranger' | 'person' | 'system'

const everyMember = memberRoles
// Without `as const`, which hides what it stands behind from the mutation test.
const owner: readonly Role[] = ['owner']
const billing: readonly Role[] = ['owner', 'billing']
const technical: readonly Role[] = ['owner', 'technical']
/** Reads every organization, recorded. */
const everyStaff = staffRoles
const acting: readonly Role[] = ['manager', 'admin']
const admin: readonly Role[] = ['admin']
const readers: readonly Role[] = [...everyMember, ...everyStaff]

/**
 * Who may do what: the one table. Buttons, commands and the authorization matrix of the browser tests read it.
 */
export const permissions = {
  'organization.read': readers,
  // All of it: what is said of an instance on its own page is said to every member as well, and auditors are viewers.
  'activity.read': readers,
  'activity.export': readers,
  /** Looking at an organization as staff, which its members read once an hour. */
  'organization.visit': everyStaff,
  'organization.create': [...everyStaff, 'system'],
  'member.add': ['system'],
  'member.read': readers,
  'member.invite': [...owner, ...acting, 'system'],
  'member.withdraw_invitation': owner,
  /** Of who holds a key. */
  'member.ask_to_join': ['person'],
  /** Who asks to join; staff once the owners have not. */
  'member.answer_join': [...owner, ...acting],
  'member.change_role': owner,
  'member.remove': owner,
  'member.leave': everyMember,
  /** What a program shows instead of a person: the organization's own matter, no staff's. */
  'token.create': technical,
  'token.revoke': technical,
  'invitation.accept': ['person'],
  'catalog.apply': ['system'],
  'price.record': ['system'],
  'stripe.reconcile': ['system'],
  'stripe.compare': ['system'],
  'leases.rotate': ['system'],
  'leases.publish': ['system'],

  'instance.add': [...technical, ...acting, 'system'],
  'instance.edit': [...technical, ...acting, 'system'],
  'instance.retire': [...technical, ...acting, 'system'],
  'instance.reinstate': [...technical, ...acting, 'system'],
  /** For another GLPI, once the one that has it has left. */
  'address.add': [...technical, ...acting, 'system'],
  'address.remove': [...technical, ...acting, 'system'],

  'key.reveal': [...technical, ...acting],
  'key.export': readers,
  // Permanent keys: docs/decisions/0006.
  'key.issue': [...admin, 'system'],
  'key.revoke': [...acting, 'system'],
  'key.restore': [...acting, 'system'],
  'key.extend': [...acting, 'system'],
  'key.note_seen': [...technical, 'glpi', 'system'],
  'subscription.start': [...acting, 'system'],
  'subscription.renew': ['system'],
  /** What is paid, was paid and can be paid. */
  'billing.read': [...billing, ...everyStaff],
  /** One payment, with the keys that it brought: whoever installs them comes to it by a mail. */
  'billing.see_checkout': readers,
  'billing.record_customer': ['system'],
  'checkout.begin': billing,
  /** Also one that another member began; by the system, right after it was begun. */
  'checkout.open': [...billing, 'system'],
  'checkout.give_up': [...billing, 'system'],
  'checkout.record': ['system'],
  'checkout.settle': ['system'],
  /** That a subscription renews by itself. */
  'automatic.begin': billing,
  'automatic.start': ['system'],
  'automatic.record': ['system'],
  'automatic.settle': ['system'],
  'automatic.charge': ['system'],
  'automatic.end': [...billing, 'system'],
  /** Stripe's pages of means of payment, address and tax ID. */
  'billing.open_portal': billing,
  'billing.forget_customer': ['system'],
  'invoice.settle': ['system'],
  /** What Stripe says of an invoice and no rule decides: that it has been seen to. */
  'invoice.close_question': [...acting, 'system'],
  /** An offline file that outlives a refund: that it has been seen to. */
  'offline_file.close': [...acting, 'system'],
  /** By somebody whom the portal does not know, or who belongs to no organization. */
  'trial.sign_up': ['stranger', 'person'],
  'trial.decide_sign_up': ['system'],
  /** In the organization that one's own sign-up made. */
  'trial.begin': everyMember,
  /** The organization that one's own domain belongs to. */
  'trial.ask_to_join': ['person'],
  'trial.start': [...technical, ...acting, 'system'],
  /** Its days without asking; more are asked for, or granted. */
  'trial.extend': [...technical, ...acting],
  /** For more time or a further trial. */
  'trial.ask': technical,
  /** What somebody asked the account manager to decide. */
  'request.decide': acting,
  /** One's own: who asks to join is no member. */
  'request.reply': [...everyMember, 'person'],
  'request.withdraw': [...everyMember, 'person'],

  /** What it means that another GLPI, or one at another address, called with a key. */
  'question.answer': [...technical, ...acting],
  /** That none of those who asked for a key is theirs. */
  'question.answer_all': [...technical, ...acting],
  'activation.activate': ['glpi'],
  'activation.give_back': ['glpi'],
  /** What the vendor's plugins are installed from. */
  'archive.download': [...technical, ...acting],
  'offline_file.issue': [...technical, 'token'],
  'offline_file.declare_gone': technical,
  'installation.bind': ['glpi'],

  'staff.search': everyStaff,
  /** What is asked to be decided, in whatever organization. */
  'request.read': everyStaff,
  /** How many came how far, of all organizations. */
  'trial.count': everyStaff,
  'staff.read': admin,
  'staff.add': [...admin, 'system'],
  'staff.end': [...admin, 'system'],
  'assignment.add': [...admin, 'system'],
  'assignment.remove': [...admin, 'system'],

  'sign_in.request': ['stranger', 'person'],
  'sign_in.complete': ['stranger', 'person'],
  /** As one of the staff, whom the vendor's own provider has vouched for. */
  'sign_in.staff': ['stranger', 'person'],
  'session.end': ['person'],
  'session.end_all': ['person'],
  'session.end_one': ['person'],
  'session.end_others': ['person'],
  'account.set_language': ['person'],
  'account.edit': ['person'],
  /** Which mails they are spared. */
  'account.choose_mails': ['person'],
  /** The same of one kind, by the link of a mail: whoever has that may, and is asked no more. */
  'account.mute_mails': ['stranger'],
  'account.request_email': ['person'],
  'account.withdraw_email': ['person'],
  'account.confirm_email': ['person'],
} satisfies Record<string, readonly Role[]>

export type Permission = keyof typeof permissions

/** Whether a role may; the one question that pages and commands ask. */
export function may(role: Role, permission: Permission): boolean {
  const allowed: readonly Role[] = permissions[permission]
  return allowed.includes(role)
}

/** Whether it is a role of the vendor's people. */
export function isStaffRole(role: Role): role is StaffRole {
  return staffRoles.some((one) => one === role)
}

/** What the member roles differ in: what is worth saying of each. */
export function permissionsThatDiffer(): Permission[] {
  // the keys of the table itself
  const all = Object.keys(permissions) as Permission[]
  return all.filter((permission) => {
    const { length } = rolesThatMay(permission)
    return length > 0 && length < memberRoles.length
  })
}

/** The member roles that may: for the sentence "ask an owner or a technical member". */
export function rolesThatMay(permission: Permission): MemberRole[] {
  return memberRoles.filter((role) => may(role, permission))
}
