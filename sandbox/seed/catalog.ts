import type { applyCatalog } from '@/lib/catalog/apply'

type Product = Parameters<typeof applyCatalog>[1]['products'][number]

interface Offer extends Omit<Product, 'releases'> {
  releases?: { version: string; glpiMin: string; glpiMax: string | null; daysAgo: number }[]
}

/** Of a year, in cents. */
const pricedAt = (euros: number) => [
  { currency: 'eur', amount: euros },
  { currency: 'usd', amount: Math.round(euros * 1.1) },
]

const offers: Offer[] = [
  {
    reference: 'inventoryplus',
    prices: pricedAt(49000),
    name: 'Inventory Plus',
    description: {
      en: 'Finds what is on the network and keeps the inventory true.',
      fr: 'Découvre ce qui se trouve sur le réseau et tient l’inventaire à jour.',
    },
    trialDays: 30,
    freeFeatures: ['manual_inventory'],
    onExpiry: 'trial_mode',
    homepageUrl: 'https://plugins.northwind.example/inventory-plus',
    releases: [
      { version: '3.9.2', glpiMin: '9.5', glpiMax: '9.5', daysAgo: 1424 },
      { version: '4.8.0', glpiMin: '10.0', glpiMax: '10.0', daysAgo: 759 },
      { version: '5.0.0', glpiMin: '10.0', glpiMax: '11.0', daysAgo: 185 },
      { version: '5.3.1', glpiMin: '11.0', glpiMax: '11.0', daysAgo: 45 },
    ],
  },
  {
    reference: 'formspro',
    prices: pricedAt(29000),
    name: 'Forms Pro',
    description: {
      en: 'Forms with conditions, approvals and attachments.',
      fr: 'Des formulaires avec conditions, validations et pièces jointes.',
    },
    trialDays: 15,
    releases: [
      { version: '2.6.4', glpiMin: '9.5', glpiMax: '10.0', daysAgo: 1165 },
      { version: '3.0.0', glpiMin: '10.0', glpiMax: '11.0', daysAgo: 206 },
      { version: '3.2.0', glpiMin: '10.0', glpiMax: '11.0', daysAgo: 80 },
    ],
  },
  {
    reference: 'workflowstudio',
    prices: pricedAt(39000),
    name: 'Workflow Studio',
    description: {
      en: 'Draws what happens to a ticket, and does it.',
      fr: 'Dessine le parcours d’un ticket, puis l’exécute.',
    },
    trialDays: 15,
    releases: [
      { version: '1.12.0', glpiMin: '9.5', glpiMax: '9.5', daysAgo: 1249 },
      { version: '2.1.0', glpiMin: '10.0', glpiMax: null, daysAgo: 353 },
      { version: '2.4.0', glpiMin: '10.0', glpiMax: null, daysAgo: 38 },
    ],
  },
  {
    reference: 'signature',
    prices: pricedAt(19000),
    name: 'Signature',
    description: {
      en: 'Signs hand-over reports on a phone or a tablet.',
      fr: 'Fait signer les bons de remise sur téléphone ou tablette.',
    },
    trialDays: 15,
    onExpiry: 'disabled',
    releases: [
      { version: '1.4.2', glpiMin: '9.5', glpiMax: '10.0', daysAgo: 1039 },
      // It has no release for GLPI 11 yet.
      { version: '1.7.0', glpiMin: '10.0', glpiMax: '10.0', daysAgo: 423 },
    ],
  },
  {
    reference: 'chatbot',
    prices: pricedAt(59000),
    name: 'Chatbot',
    description: {
      en: 'Answers the questions that come every day, and opens a ticket for the others.',
      fr: 'Répond aux questions de tous les jours et ouvre un ticket pour les autres.',
    },
    trialDays: 15,
    binding: 'installation',
    releases: [
      { version: '0.9.0', glpiMin: '10.0', glpiMax: '10.0', daysAgo: 318 },
      { version: '1.1.0', glpiMin: '10.0', glpiMax: '11.0', daysAgo: 87 },
    ],
  },
  {
    reference: 'productivity-suite',
    prices: pricedAt(69000),
    name: 'Productivity Suite',
    kind: 'suite',
    description: {
      en: 'Forms Pro, Workflow Studio and Signature under one key.',
      fr: 'Forms Pro, Workflow Studio et Signature sous une seule clé.',
    },
    contains: ['formspro', 'workflowstudio', 'signature'],
  },
  {
    reference: 'cloud-standard',
    prices: pricedAt(240000),
    name: 'Cloud Standard',
    kind: 'cloud_plan',
    binding: 'organization',
    trialDays: 30,
    description: {
      en: 'Hosted GLPI with backups; one key for every instance.',
      fr: 'GLPI hébergé et sauvegardé ; une clé pour toutes les instances.',
    },
    overlapDays: 30,
  },
  {
    reference: 'ticketimport',
    name: 'Ticket Import',
    keyKind: 'permanent',
    description: {
      en: 'Brings tickets over from older systems. Bought once, no longer developed.',
      fr: 'Reprend les tickets d’anciens outils. Achat unique, n’évolue plus.',
    },
    releases: [{ version: '1.0.6', glpiMin: '9.5', glpiMax: '10.0', daysAgo: 1466 }],
  },
  {
    reference: 'fieldsplus',
    name: 'Fields Plus',
    openSource: true,
    description: {
      en: 'Further fields on any form. Open source: it needs no key.',
      fr: 'Des champs supplémentaires partout. Libre : aucune clé requise.',
    },
    homepageUrl: 'https://plugins.northwind.example/fields-plus',
    releases: [
      { version: '1.18.0', glpiMin: '9.5', glpiMax: '10.0', daysAgo: 815 },
      { version: '1.22.0', glpiMin: '10.0', glpiMax: '11.0', daysAgo: 178 },
    ],
  },
  {
    reference: 'barcode',
    name: 'Barcode Labels',
    openSource: true,
    description: {
      en: 'Prints labels for what is in the inventory. Open source: it needs no key.',
      fr: 'Imprime les étiquettes de l’inventaire. Libre : aucune clé requise.',
    },
    homepageUrl: 'https://plugins.northwind.example/barcode-labels',
    releases: [{ version: '2.7.1', glpiMin: '9.5', glpiMax: null, daysAgo: 136 }],
  },
]

/** What the made-up vendor sells, with releases as old as they look on the day of the seed. */
export function catalogOn(today: Date): { products: Product[] } {
  const dated = ({ daysAgo, ...release }: NonNullable<Offer['releases']>[number]) => ({
    ...release,
    releasedOn: new Date(today.getTime() - daysAgo * 86_400_000).toISOString().slice(0, 10),
  })
  return { products: offers.map((offer) => ({ ...offer, releases: (offer.releases ?? []).map(dated) })) }
}
