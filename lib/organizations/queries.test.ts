import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { people } from '@/db/schema/people'
import { asOrganization, asSystem } from '@/db/scope'
import type { Permission } from '@/lib/access'
import { makeOrganization, productDatabase } from '@/sandbox/test/fixture'
import { membersWhoMay } from './queries'

await productDatabase()

test('who may do something is named, owners first, by name or else by address, and no one of another organization', async () => {
  const town = await makeOrganization('town')
  await makeOrganization('neighbour')
  const who = (permission: Permission, most: number) =>
    asOrganization(town.organizationId, (tx) => membersWhoMay(tx, town.organizationId, permission, most))
  await asSystem('test', (tx) =>
    tx.update(people).set({ name: 'Camille Roux' }).where(eq(people.id, town.people.technical)),
  )
  expect(await who('key.reveal', 3)).toEqual(['owner@town.example', 'Camille Roux'])
  expect(await who('key.reveal', 1)).toEqual(['owner@town.example'])
  expect(await who('organization.read', 9)).toHaveLength(4)
  expect(await who('key.issue', 3)).toEqual([])
})
