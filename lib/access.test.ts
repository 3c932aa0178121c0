import { expect, test } from 'vitest'
import { may, memberRoles, permissionsThatDiffer } from './access'
import { languages, type Translate, translator } from './messages/translator'

type Name = Parameters<Translate>[0]

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
