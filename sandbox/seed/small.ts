import { applyCatalog } from '@/lib/catalog/apply'
import { now } from '@/lib/clock'
import { addStaff } from '@/lib/staff/add'
import { makeFirstSigningKey } from '@/sandbox/lease-root'
import { calling, tellCalls } from './calls'
import { catalogOn } from './catalog'
import { customer, instance, lookedAfter, member } from './customer'
import type { Found } from './found'
import { jeanne, morlangesSince, planMorlanges } from './morlanges'
import { type Past, pastUntil } from './past'
import { type Buyer, leaveOpen, payByDebit, renewsByItself } from './payments'
import { demoPeople, demoStaff } from './people'
import { subscription, trial } from './purchases'
import { strangeAtBrightwater, strangeAtTheClinic } from './strange-calls'
import { openTill, type Till } from './till'

/** Days before today on which the first of them paid through the portal. */
const paidSince = 60

/** Whose one member is the last step of the small seed. */
const newcomer = 'atelier-lumen'

/**
 * Fills an empty database with a vendor's catalog and four customers, whose past is told up to today. One that was cut
 * short goes on where it stopped.
 * @param further adds to that past.
 */
export async function seedSmall({ today, began }: Found, further: (past: Past) => void = () => {}) {
  const moment = now()
  // What a seed that was cut short has paid, the stand-in may have forgotten.
  const till = began ? undefined : await openTill(pastUntil(today).day(-paidSince))
  const past = pastUntil(today, till)
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
  try {
    await past.play()
    await till?.comeHome()
    if (till) await payToday(till, town, haulier)
  } finally {
    await till?.close()
  }
  await tellCalls([town.customer, haulier.customer, clinic.customer], moment, async () => {
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
  const [leftOpen] = subscription(haulier, 'inventoryplus', support, { endsIn: 21 })
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
  return { customer: haulier, support, depot, leftOpen }
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
  const [declined] = subscription(clinic, 'signature', support, { endsIn: -3 })
  if (declined) renewsByItself(clinic, declined, { buyer: odette, card: 'declinedLater', ago: 40 })
  const live = async () => past.till?.live()
  // Within the hour in which its invoice is a draft, and gets the name of what it charges for.
  past.on(past.day(-3), `${clinic.slug}: Stripe drafts`, live, 30)
  // What Stripe has told since it was charged.
  for (const ago of [2, 1]) past.on(past.day(-ago), `${clinic.slug}: Stripe tells, ${ago}`, live)
  trial(clinic, 'workflowstudio', support, 12)
  calling(clinic, support, { since: 70, hoursAgo: 5 })
  return { customer: clinic, support }
}

const odette: Buyer = {
  email: 'odette@saint-roch.example',
  name: 'Clinique Saint-Roch',
  line1: '12 rue de l’Exemple',
  postal_code: '13005',
  city: 'Marseille',
  country: 'fr',
}
const sam: Buyer = {
  email: 'sam@brightwater.example',
  name: 'Brightwater Logistics',
  line1: '1 Example Wharf',
  postal_code: '10004',
  city: 'New York',
  country: 'us',
}

/** What is under way: somebody went away without having paid, and a bank says nothing yet. */
async function payToday(
  till: Till,
  town: ReturnType<typeof planMorlanges>,
  haulier: ReturnType<typeof planBrightwater>,
) {
  if (haulier.leftOpen) await leaveOpen(haulier.customer, haulier.leftOpen, sam)
  if (town.debited) await payByDebit(till, town.customer, town.debited, jeanne)
}

/** It came the day before yesterday and has nothing yet: what a new customer sees. */
function planNewcomer(past: Past) {
  members(customer(past, { slug: newcomer, name: 'Atelier Lumen', timeZone: 'Europe/Lisbon', since: 2 }), 2)
}
