import { randomUUID } from 'node:crypto'
import { expect, test } from '@playwright/test'
import {
  isStaffRole,
  type MemberRole,
  may,
  memberRoles,
  permissions,
  type Role,
  type StaffRole,
  staffRoles,
} from '@/lib/access'
import { commands } from '@/lib/command'
import { newId } from '@/lib/ids'
import {
  type Customer,
  inOrganization,
  inSystem,
  newCustomer,
  newPerson,
  newSession,
  newStaff,
  type Person,
} from './customer'
import {
  type Action,
  formOf,
  forms,
  organizationActions,
  type Path,
  paths,
  personalActions,
  staffActions,
} from './doors'
import {
  type Answer,
  actionBody,
  builtActions,
  builtPaths,
  comparable,
  multipart,
  origin,
  type Sent,
  send,
} from './send'
import { query } from './sign-in'

const stress = Boolean(process.env.STRESS)

type Asker = MemberRole | StaffRole | 'stranger' | 'person'
const askers: readonly Asker[] = ['stranger', 'person', ...memberRoles, ...staffRoles]

/** What somebody is to the organization that is theirs; a manager is assigned to it, other staff to nothing. */
const roleInOwn = (asker: Asker): MemberRole | StaffRole | null =>
  asker === 'stranger' || asker === 'person' ? null : asker
/** And to another one: a customer is nobody there, and an account manager looks. */
const roleInOther = (asker: Asker): StaffRole | null => {
  const role = roleInOwn(asker)
  if (!role || !isStaffRole(role)) return null
  return role === 'admin' ? 'admin' : 'staff'
}
/** On the vendor's own pages. */
const mayAsStaff = (asker: Asker, permission: keyof typeof permissions) => {
  const role = roleInOther(asker)
  return role !== null && may(role, permission)
}

test('[Z3] every page, route and action of the build is in the table, and nothing else', () => {
  expect(Object.keys(paths).sort()).toEqual(builtPaths().sort())
  const actions = builtActions().map(({ name }) => name)
  const known = { ...organizationActions, ...personalActions, ...staffActions }
  expect(Object.keys(known).sort()).toEqual(actions.sort())
  console.log(`[Z3] ${builtPaths().length} pages and routes, ${actions.length} actions`)
})

test('[Z3] every permission that a person may have is asked for by a page, a route or an action', () => {
  const asked = new Set<string>(
    [
      ...Object.values(paths),
      ...Object.values(organizationActions),
      ...Object.values(personalActions),
      ...Object.values(staffActions),
    ].flatMap(({ permission }) => permission ?? []),
  )
  // Every page of a customer that staff open asks for it.
  asked.add('organization.visit')
  // What the vendor's provider sends a browser back with, which staff-provider.test.ts tries.
  asked.add('sign_in.staff')
  const forPeople = Object.entries(permissions)
    .filter(([, roles]) => roles.some((role: Role) => role !== 'system' && role !== 'glpi'))
    .map(([permission]) => permission)
  expect(forPeople.filter((permission) => !asked.has(permission))).toEqual([])
  expect([...commands.keys()].filter((command) => !(command in permissions))).toEqual([])
  console.log(`[Z3] ${forPeople.length} permissions`)
})

for (const asker of askers) {
  test(`[Z1] [Z2] [Z4] [Z7] what a ${asker} sees, of the own, another and an unknown organization, is what the table says`, async () => {
    const own = await newCustomer(`own-${asker}`)
    const other = await newCustomer('other')
    const as = await personOf(asker, own)
    const unknown = `unknown-${newId().slice(-8)}`
    const sealed = await sealedOf(own)
    const [inOwn, inOther] = [roleInOwn(asker), roleInOther(asker)]
    let trials = 0
    for (const [name, path] of Object.entries(paths)) {
      if (path.staff) continue
      const before = await rowsOf(other)
      const mine = await visit(path, own.slug, own, as)
      // There are more pages than attempts of a person that are recorded in an hour.
      if (as) await query(`delete from rate_limits where key = 'attempt:${as.personId}'`)
      const attempts = await vendorRefusals(as)
      const theirs = await visit(path, other.slug, other, as)
      const nobodys = await visit(path, unknown, other, as)
      trials += 3
      // Who is asked to sign in is not refused yet.
      const recorded = as && path.permission ? (elsewhereRecorded(path, inOther) ? 2 : 1) : 0
      expect({ name, recorded: (await vendorRefusals(as)) - attempts }).toEqual({ name, recorded })
      expect({ name, status: mine.status }).toEqual({ name, status: expected(name, path, asker) })
      if (path.permission === null) continue
      expect({ name, status: nobodys.status }).toEqual({ name, status: elsewhere(path, asker) })
      if (inOther) expect({ name, status: theirs.status }).toEqual({ name, status: statusOf(path, inOther) })
      // Another organization and one that does not exist cannot be told apart.
      else expect(comparable(theirs, other.slug)).toBe(comparable(nobodys, unknown))
      // Not the empty page that Next leaves to JavaScript.
      if (as && name.endsWith('/page')) expect({ name, said: said(theirs) }).toEqual({ name, said: true })
      if (name.includes('[id]')) {
        // Under the own name, another's instance and none.
        const foreign = await visit(path, own.slug, other, as)
        const none = { id: newId(), shortId: 'K-000000', characters: '' }
        const ids = {
          instanceId: newId(),
          memberId: newId(),
          tokenId: newId(),
          questionId: newId(),
          fileId: newId(),
          checkoutId: newId(),
        }
        const nowhere = { ...other, ...ids, keys: [none] }
        const nothing = await visit(path, own.slug, nowhere, as)
        trials += 2
        expect(foreign.status).toBe(elsewhere(path, asker))
        expect(withoutIds(comparable(foreign))).toBe(withoutIds(comparable(nothing)))
      }
      for (const answer of [mine, theirs, nobodys]) {
        expectNoSecrets(answer, name, sealed)
        if (answer !== theirs || !inOther) expectNothingOf(other, answer, name)
      }
      const form = forms[name]
      if (form && inOwn) {
        expect({
          name,
          form:
            mine.text.includes('name="idempotencyKey"') ||
            /name="(instance|member|token|file|checkout|subscription)Id"/.test(mine.text),
        }).toEqual({
          name,
          form: may(inOwn, form),
        })
      }
      expect(await rowsOf(other)).toBe(before)
    }
    console.log(`[Z1] [Z2] [Z4] [Z7] ${asker}: ${trials} visits`)
  })

  test(`[Z1] [Z2] [Z4] [Z7] what a ${asker} does by the raw action, in the own, another and an unknown organization, is what the table says`, async () => {
    test.slow()
    const [inOwn, inOther] = [roleInOwn(asker), roleInOther(asker)]
    let trials = 0
    for (const how of ['script', 'form'] as const) {
      const own = await newCustomer(`do-${asker}`)
      const other = await newCustomer('other')
      const as = await personOf(asker, own)
      const unknown = `unknown-${newId().slice(-8)}`
      const sealed = await sealedOf(own)
      for (const { id, name } of inOrder()) {
        const action = actionNamed(name)
        await Promise.all([action.prepare?.(own, inOwn ? as : null), action.prepare?.(other, null)])
        const before = {
          own: await rowsOf(own),
          other: await rowsOf(other),
          vendor: await vendorRefusals(as),
        }
        const entries = await entriesOf(own)
        const others = await entriesOf(other)
        // There are more of them than attempts of a person that are recorded in an hour.
        if (as) await query(`delete from rate_limits where key = 'attempt:${as.personId}'`)
        // The others first: what is refused must not change what the own may still do.
        const nobodys = await act(how, id, action, unknown, other, as)
        // What an admin does they do everywhere: in the own organization, to which nobody assigned them, it is seen.
        const theirs = inOther === 'admin' ? nobodys : await act(how, id, action, other.slug, other, as)
        if (!inOther)
          expect(comparable(theirs, ...givenBy(theirs, other.slug))).toBe(
            comparable(nobodys, ...givenBy(nobodys, unknown)),
          )
        // Each refusal of somebody whose organization it is not: one entry in the vendor's chain.
        const recorded = inOther ? (await entriesOf(other)).slice(others.length) : []
        expect({ name, how, recorded }).toEqual({
          name,
          how,
          recorded: inOther === 'staff' ? [{ action: action.permission, outcome: 'refused' }] : [],
        })
        // So is the page that answers a plain form, where it shows nothing to who has sent it.
        const unseen = inOther === 'staff' && action.page && !may(inOther, action.page)
        const hidden = unseen && how === 'form' ? 1 : 0
        expect((await vendorRefusals(as)) - before.vendor).toBe(as ? (inOther ? 1 + hidden : 2) : 0)
        // The own name, with another's instance and keys.
        const foreign = action.alone ? null : await act(how, id, action, own.slug, other, as)
        expect({ name, own: await rowsOf(own) }).toEqual({ name, own: before.own })
        const refused = (await entriesOf(own)).slice(entries.length)
        expect({ name, how, refused: refused.map(({ outcome }) => outcome) }).toEqual({
          name,
          how,
          refused: foreign && inOwn ? ['refused'] : [],
        })
        const mine = await act(how, id, action, own.slug, own, as)
        trials += foreign ? 4 : 3
        const done = (await entriesOf(own)).slice(entries.length + refused.length)
        expect({ name, how, done }).toEqual({
          name,
          how,
          done: inOwn
            ? [{ action: action.permission, outcome: may(inOwn, action.permission) ? 'done' : 'refused' }]
            : [],
        })
        if (!inOwn || !may(inOwn, action.permission)) expect(await rowsOf(own)).toBe(before.own)
        expect(await rowsOf(other)).toBe(before.other)
        for (const answer of [theirs, nobodys, mine, ...(foreign ? [foreign] : [])]) {
          expect(answer.status).toBeLessThan(500)
          expectNoSecrets(answer, name, sealed)
          // Staff read every organization, and on their own page what is to be decided in any.
          const ofAll = inOther && action.at(own.slug, own).startsWith('/staff')
          if (!ofAll && (answer !== theirs || !inOther)) expectNothingOf(other, answer, name)
        }
      }
    }
    console.log(`[Z1] [Z2] [Z4] [Z7] ${asker}: ${trials} actions`)
  })

  test(`[Z1] [Z4] [Z7] what a ${asker} sees and does on the vendor’s own pages is what the table says`, async () => {
    const own = await newCustomer(`vendors-${asker}`)
    const as = await personOf(asker, own)
    const sealed = await sealedOf(own)
    let trials = 0
    for (const [name, path] of Object.entries(paths)) {
      if (!path.staff || !path.permission) continue
      const before = await vendorRefusals(as)
      const answer = await visit(path, own.slug, own, as)
      const allowed = mayAsStaff(asker, path.permission)
      const status = allowed ? (path.method === 'POST' ? 303 : 200) : elsewhere(path, asker)
      expect({ name, status: answer.status }).toEqual({ name, status })
      expect({ name, recorded: (await vendorRefusals(as)) - before }).toEqual({
        name,
        recorded: as && !allowed ? 1 : 0,
      })
      expectNoSecrets(answer, name, sealed)
      // What a whole key leads to is said to staff alone.
      expect(String(answer.headers.location ?? '').includes(own.slug)).toBe(allowed && path.method === 'POST')
      trials++
    }
    for (const { id, name } of builtActions()) {
      const action = staffActions[name]
      if (!action) continue
      for (const how of ['script', 'form'] as const) {
        const spare = await newStaff('staff')
        const before = await doneByVendor(as, action.permission)
        const { headers, body } = actionBody(
          how,
          id,
          [['idempotencyKey', randomUUID()], ...action.fields(spare.personId)],
          true,
        )
        const answer = await send({
          method: 'POST',
          path: action.at(spare.personId),
          as,
          headers: { ...headers, origin: origin() },
          body,
        })
        expect(answer.status).toBeLessThan(500)
        const outcome = mayAsStaff(asker, action.permission) ? 'done' : 'refused'
        const recorded = (await doneByVendor(as, action.permission)).slice(before.length)
        expect({ name, how, recorded }).toEqual({ name, how, recorded: as ? [{ outcome }] : [] })
        trials++
      }
    }
    console.log(`[Z1] ${asker}: ${trials} on the vendor’s own pages`)
  })
}

test('[Z7] what is posted without a session, or from elsewhere, is recorded as a stranger’s', async () => {
  const own = await newCustomer('unnamed')
  const recorded = async (because: string) => {
    const [row] = await inSystem<{ n: number }>(
      `select count(*)::int as n from audit_entries
       where organization_id is null and actor = 'stranger' and person_id is null and details ->> 'because' = $1`,
      [because],
    )
    return row?.n ?? 0
  }
  const file = paths['/(portal)/[org]/keys/file/route'] ?? never()
  const { id, name } = inOrder()[0] ?? never()
  const action = actionNamed(name)
  const { headers, body } = actionBody('script', id, formOf(action, own.slug, own), true)
  const forged = {
    as: own.people.owner,
    headers,
    body,
    path: action.at(own.slug, own),
    method: 'POST',
  } as const
  const attempts = [
    ['signed_out', () => act('script', id, action, own.slug, own, null)],
    ['signed_out', () => act('form', id, action, own.slug, own, null)],
    ['signed_out', () => visit(file, own.slug, own, null)],
    ['wrong_origin', () => send(forged)],
    ...['https://evil.example', 'null'].map(
      (evil) => ['wrong_origin', () => send({ ...forged, headers: { ...headers, origin: evil } })] as const,
    ),
    ...builtActions().flatMap(({ id: one, name: of, pages }) => {
      const personal = personalActions[of]
      if (!personal?.permission) return []
      const sent = actionBody('script', one, personal.fields, personal.stated)
      const path = pathOfPage(pages.toSorted((a, b) => a.length - b.length)[0] ?? '', own.slug)
      return [['wrong_origin', () => send({ method: 'POST', path, as: own.people.owner, ...sent })] as const]
    }),
  ] as const
  for (const [because, post] of attempts) {
    // What all strangers have together, the other tests may have used up.
    await query(`delete from rate_limits where key = 'attempt:strangers'`)
    const before = await recorded(because)
    await post()
    expect(await recorded(because), `${post}`).toBeGreaterThan(before)
  }
  console.log(`[Z7] ${attempts.length} attempts`)
})

test('[Z1] whoever nobody has signed in as ends no session and changes no account', async () => {
  const person = await newPerson()
  const before = await accountOf(person)
  let trials = 0
  for (const { id, name } of builtActions()) {
    const personal = personalActions[name]
    if (!personal?.permission?.match(/^(session|account)/)) continue
    for (const how of ['script', 'form'] as const) {
      const { headers, body } = actionBody(how, id, personal.fields, personal.stated)
      const forged = { ...person, token: `${person.token.slice(0, -1)}~` }
      await send({ method: 'POST', path: '/', as: forged, headers: { ...headers, origin: origin() }, body })
      trials++
    }
  }
  expect(trials).toBeGreaterThan(0)
  expect(await accountOf(person)).toEqual(before)
  console.log(`[Z1] ${trials} forged sessions`)
})

test('[Z8] what another site sends, or nobody, has no effect, wherever it is sent', async () => {
  test.slow()
  const own = await newCustomer('forged')
  const elsewherePath = `/${own.slug}`
  const { host } = new URL(origin())
  const forgeries: Record<string, string>[] = [
    {},
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { origin: `${origin()}.evil.example` },
    { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' },
    { origin: 'https://evil.example', host: 'evil.example' },
    { origin: 'https://evil.example', host: 'evil.example', 'x-forwarded-host': 'evil.example' },
    { origin: 'https://evil.example', forwarded: 'host=evil.example', 'x-forwarded-proto': 'https' },
    { referer: `${origin()}/`, 'x-forwarded-host': host },
  ]
  const before = await rowsOf(own)
  const entries = await entriesOf(own)
  const account = await accountOf(own.people.owner)
  let trials = 0
  for (const [index, { id, name }] of builtActions().entries()) {
    const action = organizationActions[name]
    const fields = action ? formOf(action, own.slug, own) : (personalActions[name]?.fields ?? [])
    const stated = action ? true : (personalActions[name]?.stated ?? false)
    for (const how of ['script', 'form'] as const) {
      for (const [nth, forgery] of forgeries.entries()) {
        const paths = [action?.at(own.slug, own) ?? '/sign-in', elsewherePath]
        // In CI each action meets one of the forgeries at another page too, the next action the next one.
        const both = stress || (index + nth) % forgeries.length === 0
        for (const path of both ? paths : paths.slice(0, 1)) {
          const { headers, body } = actionBody(how, id, fields, stated)
          const sent: Sent = {
            method: 'POST',
            path,
            as: own.people.owner,
            headers: { ...headers, ...forgery },
            body,
          }
          const answer = await send(sent)
          expect(answer.status).toBeLessThan(500)
          expect(String(answer.headers.location ?? '')).not.toContain('evil')
          trials++
        }
      }
    }
  }
  const posted = Object.values(paths).filter((one) => one.method === 'POST' && one.permission && !one.staff)
  expect(posted.length).toBeGreaterThan(1)
  for (const { at, fields } of posted) {
    const file = multipart([...(fields?.(own.slug, own) ?? [])])
    for (const forgery of forgeries) {
      const headers = { ...file.headers, ...forgery }
      const sent = { method: 'POST', path: at(own.slug, own), as: own.people.owner, headers, body: file.body }
      const answer = await send(sent)
      expect(answer.status, sent.path).toBe(404)
      expect(answer.text).not.toContain(own.keys[0]?.characters)
      trials++
    }
  }
  expect(await rowsOf(own)).toBe(before)
  expect(await entriesOf(own)).toEqual(entries)
  expect(await accountOf(own.people.owner)).toEqual(account)
  console.log(`[Z8] ${trials} forged forms`)
})

test('[Z8] an action that is posted to the path of a page without it has no effect', async () => {
  const own = await newCustomer('misplaced')
  const before = await rowsOf(own)
  const entries = await entriesOf(own)
  let trials = 0
  for (const [index, { id, name, pages }] of builtActions().entries()) {
    const action = organizationActions[name]
    if (!action) continue
    const others = Object.entries(paths).filter(([page]) => !pages.includes(page) && !page.endsWith('/route'))
    // In CI each action is posted to one in eight, the next action to the next ones.
    const some = others.filter((_, nth) => stress || (nth + index) % 8 === 0)
    for (const [, path] of some) {
      for (const how of ['script', 'form'] as const) {
        const { headers, body } = actionBody(how, id, formOf(action, own.slug, own), true)
        await send({
          method: 'POST',
          path: path.at(own.slug, own),
          as: own.people.owner,
          headers: { ...headers, origin: origin() },
          body,
        })
        trials++
      }
    }
  }
  expect(await rowsOf(own)).toBe(before)
  expect(await entriesOf(own)).toEqual(entries)
  console.log(`[Z8] ${trials} misplaced actions`)
})

const rounds = stress ? 500 : 50

test('[Z6] an ended session and a changed role count at the next request', async () => {
  test.slow()
  const own = await newCustomer('next')
  const { technical } = own.people
  const file: Path = paths['/(portal)/[org]/keys/file/route'] ?? never()
  await query(`delete from rate_limits where key like 'reveal:${technical.personId}%'`)
  const setRole = (role: MemberRole) =>
    inSystem('update memberships set role = $1 where organization_id = $2 and person_id = $3', [
      role,
      own.organizationId,
      technical.personId,
    ])
  for (let round = 0; round < rounds; round++) {
    const token = await newSession(technical.personId)
    const as = { ...technical, token }
    const home = { path: `/${own.slug}/keys`, as }
    expect((await send(home)).status).toBe(200)
    await setRole('viewer')
    expect((await visit(file, own.slug, own, as)).headers.location).toBe(home.path)
    await setRole('technical')
    if (round % 10 === 0)
      await query(`delete from rate_limits where key like 'reveal:${technical.personId}%'`)
    expect((await visit(file, own.slug, own, as)).status).toBe(200)
    await query('delete from sessions where person_id = $1 and token_hash <> $2', [technical.personId, ''])
    expect((await send(home)).status).toBe(307)
    expect((await visit(file, own.slug, own, as)).status).toBe(303)
  }
  console.log(`[Z6] ${rounds} sessions ended, ${2 * rounds} roles changed`)
})

function never(): never {
  throw new Error('the table lacks it')
}

async function personOf(asker: Asker, own: Customer): Promise<Person | null> {
  if (asker === 'stranger') return null
  if (asker === 'person') return newPerson()
  return isStaffRole(asker) ? newStaff(asker, own.organizationId) : own.people[asker]
}

function visit(path: Path, slug: string, ids: Customer, as: Person | null): Promise<Answer> {
  const address = path.at(slug, ids)
  if (path.method !== 'POST') return send({ path: address, as })
  const body = new URLSearchParams(
    (path.fields?.(slug, ids) ?? []).map(([name, value]) => [name, value]),
  ).toString()
  const headers = { origin: origin(), 'content-type': 'application/x-www-form-urlencoded' }
  return send({ method: 'POST', path: address, as, headers, body })
}

/** Of who belongs to the organization, as a member or as staff. A form leads back to its page, which says whom to ask. */
function statusOf(path: Path, role: MemberRole | StaffRole): number {
  if (!path.permission || may(role, path.permission)) return path.status ?? 200
  return path.method === 'POST' ? 303 : (path.missing ?? 404)
}

/** Whether a visit to another organization is refused in the vendor's chain; what a command refuses is in its own. */
const elsewhereRecorded = (path: Path, role: StaffRole | null) =>
  !role || (path.permission !== null && !may(role, path.permission) && path.method !== 'POST')

/** The status of a visit to one's own organization, or to what belongs to none. */
function expected(name: string, path: Path, asker: Asker): number {
  const role = roleInOwn(asker)
  if (path.permission) return role ? statusOf(path, role) : elsewhere(path, asker)
  if (path.status) return path.status
  if (name === '/_not-found/page' || name === '/_global-error/page') return 404
  if (name.startsWith('/api/') || name === '/icon.svg/route') return 200
  // It says what is wrong with the link, to whoever has it.
  if (name === '/(public)/invitation/page') return 200
  // It is the person's, whatever they belong to.
  if (/^\/\(\w+\)\/(account|open)\//.test(name)) return asker === 'stranger' ? 307 : 200
  // A sign-up that is nobody's.
  if (name === '/trial/sign-up/[id]/page') return asker === 'stranger' ? 307 : 404
  // Whoever is signed in has nothing to do there, and goes on.
  if (name === '/(public)/page') return asker === 'person' ? 200 : 307
  if (name === '/(public)/sign-in/code/page') return 307
  return asker === 'stranger' ? 200 : 307
}

/** The status of a visit to an organization that is not one's own: routes say nothing, pages ask a stranger to sign in. */
/** A stranger is sent to sign in: a form's answer is another request, so 303. */
const elsewhere = (path: Path, asker: Asker) =>
  asker === 'stranger' ? (path.method === 'POST' ? 303 : 307) : (path.missing ?? 404)

function inOrder() {
  const built = new Map(builtActions().map((action) => [action.name, action]))
  return Object.keys(organizationActions).flatMap((name) => built.get(name) ?? [])
}

/** `/(portal)/[org]/keys/page`, as the build names a page, is `/acme/keys`. */
const pathOfPage = (page: string, slug: string) =>
  page.replace(/\/\([^)]*\)|\/page$/g, '').replace('[org]', slug) || '/'

const actionNamed = (name: string): Action => organizationActions[name] ?? never()

function act(
  how: 'script' | 'form',
  id: string,
  action: Action,
  slug: string,
  ids: Customer,
  as: Person | null,
): Promise<Answer> {
  const { headers, body } = actionBody(how, id, formOf(action, slug, ids), true)
  const path = action.at(slug, ids)
  return send({ method: 'POST', path, as, headers: { ...headers, origin: origin() }, body })
}

/** What a form gave and its answer repeats: the organization, the idempotency key, a made-up address. */
const givenBy = ({ text }: Answer, slug: string) => [
  slug,
  ...new Set(
    text.match(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|x[0-9a-f]{12}\.example/g),
  ),
]

const said = ({ text }: Answer) => /<h1>[^<]/.test(text.replace(/<script.*?<\/script>/gs, ''))

const withoutIds = (text: string) =>
  text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')

// In a page the data of client components stands in a script's string, with a backslash before each quotation mark.
const mustNotLeave =
  /[a-z_]*(hash|hmac|cipher|secret|sealed|fingerprint|ringversion|ring_version)[a-z_]*\\*["':=]/i

/** @param sealed what must not be there under any name */
function expectNoSecrets({ text }: Answer, name: string, sealed: string[]) {
  const found = [mustNotLeave.exec(text)?.[0], ...sealed.filter((one) => text.includes(one))]
  expect({ name, found }).toEqual({ name, found: [undefined] })
}

/** How the organization's stored keys begin, their fingerprints and the hashes of its tokens, as each way of writing bytes has them. */
async function sealedOf({ organizationId }: Customer): Promise<string[]> {
  const rows = await inOrganization<{ bytes: Buffer }>(
    organizationId,
    'select cipher as bytes from keys union all select fingerprint from keys union all select token_hash from api_tokens',
  )
  return rows.flatMap(({ bytes }) => {
    const start = bytes.subarray(0, 12)
    return [start.toString('hex'), start.toString('base64'), start.toString('base64url'), [...start].join()]
  })
}

/** Nothing of the other organization is in an answer but what was in the question. */
function expectNothingOf(other: Customer, { text }: Answer, name: string) {
  const theirs = [
    other.organizationId,
    other.name,
    ...other.keys.flatMap(({ shortId, characters }) => [shortId, characters]),
  ]
  expect({ name, found: theirs.filter((one) => text.includes(one)) }).toEqual({ name, found: [] })
}

/** A digest of all rows of an organization but its audit trail, and the mails that the worker has sent, which it notes by and by. */
async function rowsOf({ organizationId }: Customer): Promise<string> {
  digestOfRows ??= writeDigestOfRows()
  const text = await digestOfRows
  // To plan it takes eight times as long as to run it.
  const [row] = await inSystem<{ digest: string }>({ name: 'digest-of-rows', text }, [organizationId])
  return row?.digest ?? ''
}

// Which tables there are changes only with a migration, and asking takes longer than the digest itself.
let digestOfRows: Promise<string> | undefined

async function writeDigestOfRows(): Promise<string> {
  const tables = await inSystem<{ name: string }>(
    `select distinct table_name as name from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and column_name = 'organization_id' and table_type = 'BASE TABLE'
       and table_name not in ('audit_entries', 'audit_heads', 'command_runs', 'sent_mails') order by 1`,
  )
  const digests = tables.map(
    ({ name }) =>
      `(select '${name} ' || count(*) || md5(coalesce(string_agg(r::text, ',' order by r::text), '')) from ${name} r where organization_id = $1)`,
  )
  return `select concat_ws(E'\\n', ${digests.join(', ')}) as digest`
}

const entriesOf = ({ organizationId }: Customer) =>
  inOrganization<{ action: string; outcome: string }>(
    organizationId,
    `select action, outcome from audit_entries where person_id is not null and action <> 'organization.visit'
     order by sequence`,
  )

/** How many refusals of this person the vendor's chain holds. */
async function vendorRefusals(person: Person | null): Promise<number> {
  const [row] = await inSystem<{ n: number }>(
    `select count(*)::int as n from audit_entries where organization_id is null and outcome = 'refused' and person_id = $1`,
    [person?.personId ?? null],
  )
  return row?.n ?? 0
}

/** What the vendor's chain says of this person and that action. */
const doneByVendor = (person: Person | null, action: string) =>
  inSystem<{ outcome: string }>(
    `select outcome from audit_entries where organization_id is null and person_id = $1 and action = $2 order by sequence`,
    [person?.personId ?? null, action],
  )

const accountOf = ({ personId }: Person) =>
  query(
    `select name, language, time_zone, email, muted_mails, (select count(*) from email_changes where person_id = people.id)::int as changes,
      (select count(*) from sessions where person_id = id)::int as sessions from people where id = $1`,
    [personId],
  )
