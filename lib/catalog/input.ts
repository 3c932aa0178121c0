import { z } from 'zod'
import { compareVersions } from './rules'

const endBehaviour = z.enum(['read_only', 'trial_mode', 'disabled']).default('read_only')
const Version = z.string().regex(/^v?\d+(\.\d+)*([-.]?[a-z]+[-.]?\d*)?$/i, 'version')

const Release = z
  .strictObject({
    version: Version,
    glpiMin: Version,
    glpiMax: Version.nullable().default(null),
    releasedOn: z.iso.date('date'),
  })
  .refine(({ glpiMin, glpiMax }) => !glpiMax || glpiMax === glpiMin || notBelow(glpiMax, glpiMin), {
    path: ['glpiMax'],
    message: 'backwards',
  })

/** `11` is an end for `11.0.4` as well: only the parts count that the end names. */
const notBelow = (end: string, start: string) =>
  compareVersions(end, start.split('.').slice(0, end.split('.').length).join('.')) >= 0

const Product = z
  .strictObject({
    reference: z.string().regex(/^[a-z0-9]+([_-][a-z0-9]+)*$/, 'reference'),
    name: z.string().min(1).max(100),
    kind: z.enum(['plugin', 'suite', 'cloud_plan']).default('plugin'),
    openSource: z.boolean().default(false),
    keyKind: z.enum(['subscription', 'permanent']).default('subscription'),
    binding: z.enum(['url', 'installation', 'organization']).default('url'),
    description: z.strictObject({ en: z.string().min(1), fr: z.string().min(1) }),
    freeFeatures: z.array(z.string()).default([]),
    trialDays: z.literal([15, 30]).nullable().default(null),
    overlapDays: z.number().int().min(0).max(60).default(14),
    graceDays: z.number().int().min(1).max(60).default(7),
    movesPerYear: z.number().int().min(0).max(1_000).default(3),
    onExpiry: endBehaviour,
    onRevocation: endBehaviour,
    homepageUrl: z
      .url({ protocol: /^https?$/ })
      .nullable()
      .default(null),
    /** No longer sold; what was sold goes on. */
    withdrawn: z.boolean().default(false),
    contains: z.array(z.string()).default([]),
    releases: z.array(Release).default([]),
  })
  .refine(({ openSource, trialDays }) => !openSource || trialDays === null, {
    path: ['trialDays'],
    message: 'open_source_trial',
  })
  .refine(({ kind, contains }) => kind === 'suite' || contains.length === 0, {
    path: ['contains'],
    message: 'not_a_suite',
  })
  .refine(({ reference, contains }) => !contains.includes(reference), {
    path: ['contains'],
    message: 'contains_itself',
  })
  .superRefine(({ releases, contains }, context) => {
    for (const index of repeated(releases.map(({ version }) => version)))
      context.addIssue({ code: 'custom', path: ['releases', index, 'version'], message: 'twice' })
    for (const index of repeated(contains))
      context.addIssue({ code: 'custom', path: ['contains', index], message: 'twice' })
  })

/** A catalog as a vendor states it: each product by its reference, with its releases. */
export const Catalog = z.strictObject({
  products: z
    .array(Product)
    .min(1)
    .superRefine((products, context) => {
      for (const index of repeated(products.map(({ reference }) => reference)))
        context.addIssue({ code: 'custom', path: [index, 'reference'], message: 'twice' })
    }),
})

export type CatalogProduct = z.output<typeof Product>
export type CatalogRelease = z.output<typeof Release>

/** Where something stands that stood before. */
const repeated = (names: string[]) =>
  names.flatMap((name, index) => (names.indexOf(name) < index ? [index] : []))
