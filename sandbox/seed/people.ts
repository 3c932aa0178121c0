import type { MemberRole } from '@/lib/access'

export interface DemoPerson {
  email: string
  name: string
  /** The organization's name in the address. */
  organization: string
  role: MemberRole
  language: 'en' | 'fr'
}

const morlanges = 'ville-de-morlanges'
const clinic = 'clinique-saint-roch'
const brightwater = 'brightwater'

/** Whom one can sign in as, each by a mail that arrives on the sandbox's mail page. */
export const demoPeople: DemoPerson[] = [
  {
    email: 'camille@morlanges.example',
    name: 'Camille Roux',
    organization: morlanges,
    role: 'owner',
    language: 'en',
  },
  {
    email: 'jeanne@morlanges.example',
    name: 'Jeanne Arnaud',
    organization: morlanges,
    role: 'billing',
    language: 'fr',
  },
  {
    email: 'malik@morlanges.example',
    name: 'Malik Benali',
    organization: morlanges,
    role: 'technical',
    language: 'fr',
  },
  {
    email: 'lucie@morlanges.example',
    name: 'Lucie Petit',
    organization: morlanges,
    role: 'viewer',
    language: 'fr',
  },
  // A service provider who looks after the GLPIs of two customers.
  {
    email: 'noor@helpline.example',
    name: 'Noor de Vries',
    organization: morlanges,
    role: 'technical',
    language: 'en',
  },
  {
    email: 'noor@helpline.example',
    name: 'Noor de Vries',
    organization: brightwater,
    role: 'technical',
    language: 'en',
  },
  {
    email: 'grace@brightwater.example',
    name: 'Grace Okafor',
    organization: brightwater,
    role: 'owner',
    language: 'en',
  },
  {
    email: 'sam@brightwater.example',
    name: 'Sam Lindqvist',
    organization: brightwater,
    role: 'billing',
    language: 'en',
  },
  {
    email: 'ruth@brightwater.example',
    name: 'Ruth Castellano',
    organization: brightwater,
    role: 'viewer',
    language: 'en',
  },
  {
    email: 'hugo@saint-roch.example',
    name: 'Hugo Lambert',
    organization: clinic,
    role: 'owner',
    language: 'fr',
  },
  {
    email: 'odette@saint-roch.example',
    name: 'Odette Vasseur',
    organization: clinic,
    role: 'billing',
    language: 'fr',
  },
  {
    email: 'karim@saint-roch.example',
    name: 'Karim Haddad',
    organization: clinic,
    role: 'technical',
    language: 'fr',
  },
  {
    email: 'elise@saint-roch.example',
    name: 'Élise Moreau',
    organization: clinic,
    role: 'viewer',
    language: 'fr',
  },
  {
    email: 'ines@atelier-lumen.example',
    name: 'Inês Costa',
    organization: 'atelier-lumen',
    role: 'owner',
    language: 'en',
  },
]

export interface DemoStaff {
  email: string
  name: string
  role: 'account_manager' | 'admin'
  /** The organizations that they are assigned to, by their names in the address. */
  looksAfter: readonly string[]
}

/** The vendor's own people. */
export const demoStaff: DemoStaff[] = [
  { email: 'theo@northwind.example', name: 'Theo Brandt', role: 'admin', looksAfter: [] },
  {
    email: 'nora@northwind.example',
    name: 'Nora Weiss',
    role: 'account_manager',
    looksAfter: [morlanges, clinic],
  },
  {
    email: 'marta@northwind.example',
    name: 'Marta Kowal',
    role: 'account_manager',
    looksAfter: [brightwater],
  },
]

/** In the large seed beside them: the owners of an organization with 10,000 keys and of one with ten. */
export const largePeople: DemoPerson[] = [
  {
    email: 'owner@grand-groupe.example',
    name: 'Olivier Garnier',
    organization: 'grand-groupe',
    role: 'owner',
    language: 'en',
  },
  {
    email: 'owner@petite-mairie.example',
    name: 'Odile Marchand',
    organization: 'petite-mairie',
    role: 'owner',
    language: 'fr',
  },
]
