import { calling, offlineFiles } from './calls'
import { customer, furtherAddress, instance, lookedAfter, member, retired, upgraded } from './customer'
import type { Past } from './past'
import { type Buyer, renewsByItself } from './payments'
import { demoPeople } from './people'
import { extended, permanent, restored, revoked, subscription, trial } from './purchases'

export const morlanges = 'ville-de-morlanges'
/** Days before today on which the first of the demo's customers came. */
export const morlangesSince = 1_290

export const jeanne: Buyer = {
  email: 'jeanne@morlanges.example',
  name: 'Ville de Morlanges',
  line1: '1 place de l’Exemple',
  postal_code: '69001',
  city: 'Morlanges',
  country: 'fr',
}

/** A town with a dozen GLPIs, and keys in every state. */
export function planMorlanges(past: Past) {
  const town = customer(past, {
    slug: morlanges,
    name: 'Ville de Morlanges',
    timeZone: 'Europe/Paris',
    since: morlangesSince,
  })
  for (const [index, person] of demoPeople
    .filter(({ organization }) => organization === morlanges)
    .entries()) {
    member(town, person, morlangesSince - 1 - index)
  }
  lookedAfter(town, morlangesSince - 8)
  planWellKept(town)
  planInstancesWithStories(town)
  return { customer: town, debited: planQuietInstances(town) }
}

type Town = ReturnType<typeof customer>

/** What needs doing soon or has just been done. */
function planWellKept(town: Town) {
  const desk = instance(town, {
    label: 'Service desk',
    url: 'https://glpi.morlanges.example',
    glpiVersion: '10.0.18',
    addedAgo: 1_280,
  })
  upgraded(town, desk, '11.0.4', 96)
  subscription(town, 'inventoryplus', desk, { endsIn: 13, terms: 3 })
  subscription(town, 'signature', desk, { endsIn: 13, terms: 2 })
  subscription(town, 'formspro', desk, { endsIn: 262, terms: 2 })
  const [renewing] = subscription(town, 'workflowstudio', desk, { endsIn: 148, terms: 1 })
  if (renewing) renewsByItself(town, renewing, { buyer: jeanne, card: 'good', ago: 50 })
  const copy = instance(town, {
    label: 'Service desk, copy',
    url: 'https://glpi-test.morlanges.example',
    glpiVersion: '11.0.4',
    testOf: desk,
    addedAgo: 97,
  })
  calling(town, desk, { since: 95, hoursAgo: 2 })
  calling(town, copy, { since: 94, hoursAgo: 11 })

  const schools = instance(town, {
    label: 'Schools',
    url: 'https://glpi.schools.morlanges.example/it',
    glpiVersion: '10.0.18',
    addedAgo: 1_150,
  })
  subscription(town, 'workflowstudio', schools, { endsIn: 362, terms: 2, renewedAgo: 7, seen: false })
  subscription(town, 'inventoryplus', schools, { endsIn: 371, terms: 2, renewedAgo: 10 })
  subscription(town, 'formspro', schools, { endsIn: 201, terms: 3 })
  trial(town, 'signature', schools, 240)
  calling(town, schools, { since: 80, hoursAgo: 7 })

  const library = instance(town, {
    label: 'Médiathèque',
    url: 'https://médiathèque.morlanges.example',
    glpiVersion: '11.0.4',
    addedAgo: 420,
  })
  trial(town, 'chatbot', library, 6)
  subscription(town, 'formspro', library, { endsIn: 88 })
  calling(town, library, { since: 60, hoursAgo: 15 })

  subscription(town, 'cloud-standard', null, { endsIn: 100, terms: 2 })
}

/** What went wrong, or ended. */
function planInstancesWithStories(town: Town) {
  const hall = instance(town, {
    label: 'Town hall',
    url: 'http://glpi.mairie.lan',
    glpiVersion: '10.0.18',
    addedAgo: 1_276,
  })
  furtherAddress(town, hall, 'https://glpi.mairie.morlanges.example', 1_031)
  furtherAddress(town, hall, 'http://10.20.0.15/glpi', 402)
  permanent(town, 'ticketimport', hall, 1_270)
  subscription(town, 'formspro', hall, { endsIn: -5 })
  subscription(town, 'workflowstudio', hall, { endsIn: 223, terms: 2 })
  const [leaked] = subscription(town, 'inventoryplus', hall, { endsIn: 170 })
  if (leaked) {
    revoked(town, leaked, { reason: 'leaked', note: 'Stood in a ticket that was published.', ago: 40 })
  }
  subscription(town, 'inventoryplus', hall, { endsIn: 326 })

  const theatre = instance(town, {
    label: 'Theatre',
    url: 'https://theatre.morlanges.example/glpi',
    glpiVersion: '10.0.16',
    addedAgo: 800,
  })
  const [late] = subscription(town, 'formspro', theatre, { endsIn: -20 })
  if (late) {
    extended(town, late, { endsIn: 24, reason: 'The purchase order waits for the budget vote.', ago: 9 })
  }
  const [unpaid] = subscription(town, 'signature', theatre, { endsIn: 250 })
  if (unpaid) {
    revoked(town, unpaid, { reason: 'non_payment', note: 'Invoice open for 60 days.', ago: 33 })
  }
  const [disputed] = subscription(town, 'inventoryplus', theatre, { endsIn: 118 })
  if (disputed) {
    revoked(town, disputed, { reason: 'disputed', note: 'The bank took the payment back.', ago: 61 })
    restored(town, disputed, 'The dispute was a mistake of the bank and is withdrawn.', 58)
  }

  const archive = instance(town, {
    label: 'Old archive',
    url: 'http://archive.mairie.lan',
    glpiVersion: '9.5.13',
    addedAgo: 1_240,
  })
  subscription(town, 'inventoryplus', archive, { endsIn: -266, terms: 2 })
  subscription(town, 'signature', archive, { endsIn: -201 })
}

/** @returns what is being paid by debit */
function planQuietInstances(town: Town) {
  const police = instance(town, {
    label: 'Municipal police',
    url: 'https://glpi.police.morlanges.example:8443/support',
    glpiVersion: '10.0.18',
    addedAgo: 610,
  })
  subscription(town, 'productivity-suite', police, { endsIn: 305 })
  const pools = instance(town, {
    label: 'Swimming pools',
    url: 'http://piscine/glpi',
    glpiVersion: '11.0.2',
    addedAgo: 380,
  })
  subscription(town, 'formspro', pools, { endsIn: 190 })
  const social = instance(town, {
    label: 'Social services',
    url: 'http://glpi.ccas.local',
    glpiVersion: '10.0.17',
    addedAgo: 590,
  })
  const [debited] = subscription(town, 'workflowstudio', social, { endsIn: 45 })
  permanent(town, 'ticketimport', social, 588)
  subscription(town, 'signature', social, { endsIn: -40 })
  offlineFiles(town, social, 24)
  // Nobody has said which GLPI it is, and it has no key.
  instance(town, {
    label: 'Roads and parks',
    url: 'https://voirie.morlanges.example',
    addedAgo: 30,
  })
  const music = instance(town, {
    label: 'Music school',
    url: 'https://glpi.conservatoire.morlanges.example',
    glpiVersion: '11.0.4',
    addedAgo: 200,
  })
  const [unwanted] = subscription(town, 'chatbot', music, { endsIn: 181 })
  if (unwanted) revoked(town, unwanted, { reason: 'refunded', note: 'Bought by mistake.', ago: 180 })
  subscription(town, 'inventoryplus', music, { endsIn: 167 })
  planClosedInstance(town)
  return debited
}

function planClosedInstance(town: Town) {
  const callCentre = instance(town, {
    label: 'Former call centre',
    url: 'https://appels.morlanges.example',
    glpiVersion: '9.5.9',
    addedAgo: 1_200,
  })
  const [closed] = subscription(town, 'inventoryplus', callCentre, { endsIn: -400 })
  if (closed) revoked(town, closed, { reason: 'requested', note: 'The call centre closes.', ago: 452 })
  retired(town, callCentre, 450)
}
