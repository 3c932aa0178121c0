import { z } from 'zod'

export const kinds = ['plugin', 'suite', 'cloud_plan'] as const
const endBehaviour = z.enum(['read_only', 'trial_mode', 'disabled']).default('read_only')
export const Version = z.string().regex(/^v?\d+(\.\d+)*([-.]?[a-z]+[-.]?\d*)?$/i, 'version')

const Release = z.strictObject({
  version: Version,
  glpiMin: Version,
  glpiMax: Version.nullable().default(null),
  releasedOn: z.iso.date('date'),
})

/** Of a term. The amount is in the currency's smallest unit: cents, or whole yen. */
const Price = z.strictObject({
  currency: z.string().regex(/^[a-z]{3}$/, 'currency'),
  amount: z.number().int().min(1).max(99_999_999),
  tax: z.enum(['inclusive', 'exclusive']).default('exclusive'),
  months: z.number().int().min(1).max(36).default(12),
})

/** What there is one price of, and what they are sorted by: in which order they stand says nothing. */
export const termOf = ({ currency, months }: { currency: string; months: number }) =>
  `${currency} ${String(months).padStart(2, '0')}`

const Product = z.strictObject({
  reference: z.string().regex(/^[a-z0-9]+([_-][a-z0-9]+)*$/, 'reference'),
  name: z.string().trim().min(1).max(100),
  kind: z.enum(kinds).default('plugin'),
  openSource: z.boolean().default(false),
  keyKind: z.enum(['subscription', 'permanent']).default('subscription'),
  binding: z.enum(['url', 'installation', 'organization']).default('url'),
  description: z.strictObject({ en: z.string().min(1), fr: z.string().min(1) }),
  freeFeatures: z.array(z.string()).default([]),
  trialDays: z.literal([15, 30]).nullable().default(null),
  moreTrialDays: z.number().int().min(0).max(30).default(15),
  overlapDays: z.number().int().min(0).max(60).default(14),
  graceDays: z.number().int().min(1).max(60).default(7),
  movesPerYear: z.number().int().min(0).max(1_000).default(3),
  onExpiry: endBehaviour,
  onRevocation: endBehaviour,
  handsOver: z.boolean().default(true),
  homepageUrl: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null),
  /** No longer sold; what was sold goes on. */
  withdrawn: z.boolean().default(false),
  contains: z.array(z.string()).default([]),
  prices: z
    .array(Price)
    .default([])
    .refine((prices) => new Set(prices.map(termOf)).size === prices.length, { error: 'price_twice' })
    .transform((prices) => prices.toSorted((a, b) => termOf(a).localeCompare(termOf(b)))),
  releases: z.array(Release).default([]),
})

/** A catalog as a vendor states it: each product by its reference, with its releases. `mistakes.ts` has what goes beyond the shape. */
export const Catalog = z.strictObject({ products: z.array(Product).min(1) })

export type CatalogProduct = z.output<typeof Product>
export type CatalogPrice = z.output<typeof Price>
export type CatalogRelease = z.output<typeof Release>
