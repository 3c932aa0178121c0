import { applyCatalog } from '@/lib/catalog/apply'
import { now } from '@/lib/clock'
import { addStaff } from '@/lib/staff/add'
import { makeFirstSigningKey } from '@/sandbox/lease-root'
import { calling, tellCalls } from './calls'
import { catalogOn } from './catalog'
import { customer, instance, lookedAfter, member } from './customer'
import type { Found } from './found'
import { morlangesSince, planMorlanges } from './morlanges'
import { type Past, pastUntil } from './past'
import { demoPeople, demoStaff } from './people'
import { subscription, trial } from './purchases'
import { strangeAtBrightwater, strangeAtTheClinic } from './strange-calls'

/** Whose one member is the last step of the small seed. */
const newcomer = 'atelier-lumen'

/**
 * Fills an empty database with a vendor's catalog and four customers, whose past is told up to today. One that was cut
 * short goes on where it stopped.
 * @param further adds to that past.
 */
export async function seedSmall({ today, began }: Found, further: (past: Past) => void = () => {}) {
  const moment = now()
  const past = pastUntil(today)
  if (!began) {
    past.on(past.day(-morlangesSince - 400), 'catalog', () =>
      applyCatalog({ actor: { kind: 'system' } }, catalogOn(today)),
    )
    past.on(past.day(-morlangesSince - 399), 'signing key', makeFirstSigningKey)
  }
  planAdmins(past)
  const town = planMorlanges(past)
  const haulier = planBrightwater(past)
  const clinic = planClinic(past)
  further(past)
  await past.play()
  await tellCalls([town, haulier.customer, clinic.customer], moment, async () => {
    await strangeAtTheClinic(clinic.customer, clinic.support)
    await strangeAtBrightwater(haulier.customer, haulier.support, haulier.depot)
  })
  const last = pastUntil(today)
  planNewcomer(last)
  await last.play()
}

export function isSmallComplete({ organizations }: Found): boolean {
  return organizations.get(newcomer)?.hasMembers ?? false
}

function members(of: ReturnType<typeof customer>, since: number) {
  const people = demoPeople.filter(({ organization }) => organization === of.slug)
  for (const [index, person] of people.entries()) member(of, person, since - 1 - index)
  lookedAfter(of, since - 1)
}

/** Before the first customer came. */
function planAdmins(past: Past) {
  for (const { email, name, role } of demoStaff.filter((one) => one.role === 'admin')) {
    past.on(past.day(-morlangesSince - 300), `staff ${email}`, () =>
      addStaff({ actor: { kind: 'system' } }, { email, name, role }),
    )
  }
}

function planBrightwater(past: Past) {
  const since = 700
  const haulier = customer(past, {
    slug: 'brightwater',
    name: 'Brightwater Logistics',
    timeZone: 'America/New_York',
    since,
  })
  members(haulier, since)
  const support = instance(haulier, {
    label: 'IT support',
    url: 'https://support.brightwater.example/glpi',
    glpiVersion: '11.0.4',
    addedAgo: 690,
  })
  subscription(haulier, 'productivity-suite', support, { endsIn: 54, terms: 2 })
  subscription(haulier, 'inventoryplus', support, { endsIn: 21 })
  const depot = instance(haulier, {
    label: 'Depots',
    url: 'http://glpi.depots.lan:8080',
    glpiVersion: '10.0.18',
    addedAgo: 510,
  })
  subscription(haulier, 'inventoryplus', depot, { endsIn: 231, terms: 2 })
  const staging = instance(haulier, {
    label: 'IT support, staging',
    url: 'https://staging.support.brightwater.example/glpi',
    glpiVersion: '11.0.5',
    testOf: support,
    addedAgo: 25,
  })
  calling(haulier, support, { since: 90, hoursAgo: 3 })
  calling(haulier, staging, { since: 20, hoursAgo: 3 * 24 })
  // Longer than a GLPI goes on without an answer.
  calling(haulier, depot, { since: 90, hoursAgo: 9 * 24 })
  return { customer: haulier, support, depot }
}

function planClinic(past: Past) {
  const since = 480
  const clinic = customer(past, {
    slug: 'clinique-saint-roch',
    name: 'Clinique Saint-Roch',
    timeZone: 'Europe/Paris',
    since,
  })
  members(clinic, since)
  const support = instance(clinic, {
    label: 'Support informatique',
    url: 'https://assistance.saint-roch.example',
    glpiVersion: '10.0.18',
    addedAgo: 474,
  })
  subscription(clinic, 'formspro', support, { endsIn: 275, terms: 2 })
  subscription(clinic, 'signature', support, { endsIn: -3 })
  trial(clinic, 'workflowstudio', support, 12)
  calling(clinic, support, { since: 70, hoursAgo: 5 })
  return { customer: clinic, support }
}

/** It came the day before yesterday and has nothing yet: what a new customer sees. */
function planNewcomer(past: Past) {
  members(customer(past, { slug: newcomer, name: 'Atelier Lumen', timeZone: 'Europe/Lisbon', since: 2 }), 2)
}
