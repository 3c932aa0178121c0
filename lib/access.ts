export const memberRoles = ['owner', 'billing', 'technical', 'viewer'] as const
export type MemberRole = (typeof memberRoles)[number]
/** `stranger`: nobody is signed in. `person`: signed in, whatever they belong to. `system`: the worker, the seed, Stripe. */
export type Role = MemberRole | 'stranger' | 'person' | 'system'

const everyMember = memberRoles
const owner = ['owner'] as const
const technical = ['owner', 'technical'] as const

/**
 * Who may do what: the one table. Buttons, commands and the authorization matrix of the browser tests read it.
 */
export const permissions = {
  'organization.read': everyMember,
  // All of it: what is said of an instance on its own page is said to every member as well, and auditors are viewers.
  'activity.read': everyMember,
  'activity.export': everyMember,
  'organization.create': ['system'],
  'member.add': ['system'],
  'member.read': everyMember,
  'member.invite': [...owner, 'system'],
  'member.withdraw_invitation': owner,
  'member.change_role': owner,
  'member.remove': owner,
  'member.leave': everyMember,
  'invitation.accept': ['person'],
  'catalog.apply': ['system'],

  'instance.add': [...technical, 'system'],
  'instance.edit': [...technical, 'system'],
  'instance.retire': [...technical, 'system'],
  'instance.reinstate': [...technical, 'system'],
  'address.add': [...technical, 'system'],
  'address.remove': [...technical, 'system'],

  'key.reveal': technical,
  'key.export': everyMember,
  'key.issue': ['system'],
  'key.revoke': ['system'],
  'key.restore': ['system'],
  'key.extend': ['system'],
  'key.note_seen': [...technical, 'system'],
  'subscription.start': ['system'],
  'subscription.renew': ['system'],
  'trial.start': ['system'],

  'sign_in.request': ['stranger', 'person'],
  'sign_in.complete': ['stranger', 'person'],
  'session.end': ['person'],
  'session.end_all': ['person'],
  'session.end_one': ['person'],
  'session.end_others': ['person'],
  'account.set_language': ['person'],
  'account.edit': ['person'],
  'account.request_email': ['person'],
  'account.withdraw_email': ['person'],
  'account.confirm_email': ['person'],
} as const satisfies Record<string, readonly Role[]>

export type Permission = keyof typeof permissions

/** Whether a role may; the one question that pages and commands ask. */
export function may(role: Role, permission: Permission): boolean {
  const allowed: readonly Role[] = permissions[permission]
  return allowed.includes(role)
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
