import { z } from 'zod'
import { Catalog, kinds, Version } from './input'
import { compareVersions } from './rules'
import { sayShape } from './shape'

/** Of each field that is wrong, by its path (`products.0.releases.1.version`), a code or a sentence that says why. */
export type Mistakes = Record<string, string>

/*
 * As much of a catalog as its contradictions are found in. What has another shape counts as absent here: it is told for its
 * shape, and must not keep the rest from being told with it.
 */
const Text = z.string().nullable().catch(null)
const Stated = z
  .object({
    products: z
      .array(
        z
          .object({
            reference: Text,
            kind: z.enum(kinds).nullable().default('plugin').catch(null),
            openSource: z.boolean().catch(false),
            trialDays: z.unknown().optional(),
            contains: z.array(Text).catch([]),
            releases: z
              .array(
                z
                  .object({
                    version: Text,
                    glpiMin: Version.nullable().catch(null),
                    glpiMax: Version.nullable().catch(null),
                  })
                  .nullable()
                  .catch(null),
              )
              .catch([]),
          })
          .nullable()
          .catch(null),
      )
      .catch([]),
  })
  .catch({ products: [] })
type StatedProduct = NonNullable<z.output<typeof Stated>['products'][number]>

/**
 * Everything that is wrong with a catalog, at once: its shape, what contradicts itself, and parts of suites that are no
 * product. Empty where nothing is.
 * @param raw what somebody has written, of any shape
 * @param known the products that are there already, with their kinds and what they contain
 */
export function catalogMistakes(
  raw: unknown,
  known: readonly { reference: string; kind: string; contains: readonly string[] }[],
): Mistakes {
  const stated = Stated.parse(raw).products
  const kindOf = new Map<string, string | null>(known.map(({ reference, kind }) => [reference, kind]))
  for (const product of stated) if (product?.reference) kindOf.set(product.reference, product.kind)
  // A suite that is not stated keeps its parts.
  const others = known.filter(({ reference }) => !stated.some((product) => product?.reference === reference))
  const kept = new Set(others.flatMap(({ contains }) => contains))
  const found = stated.flatMap((product, index) =>
    product
      ? [...ofProduct(product, kept), ...ofReleases(product), ...ofParts(product, kindOf)].map(
          ([path, because]): [string, string] => [`products.${index}.${path}`, because],
        )
      : [],
  )
  const twice = repeated(stated.map((product) => product?.reference ?? null)).map(
    (index): [string, string] => [`products.${index}.reference`, 'twice'],
  )
  // What is wrong with a field's shape comes first: the rest follows from it.
  return { ...Object.fromEntries([...twice, ...found]), ...ofShape(raw) }
}

function ofShape(raw: unknown): Mistakes {
  const issues = Catalog.safeParse(raw, { error: sayShape }).error?.issues ?? []
  return Object.fromEntries(
    issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => [[...issue.path, key].join('.'), 'unknown_field'])
        : [[issue.path.join('.') || 'catalog', issue.message]],
    ),
  )
}

function ofProduct(
  { reference, kind, openSource, trialDays, contains }: StatedProduct,
  partsOfOthers: ReadonlySet<string>,
): [string, string][] {
  const found: [string, string][] = []
  if (reference && kind === 'suite' && partsOfOthers.has(reference)) found.push(['kind', 'in_suite'])
  if (openSource && (trialDays ?? null) !== null) found.push(['trialDays', 'open_source_trial'])
  if (kind && kind !== 'suite' && contains.length > 0) found.push(['contains', 'not_a_suite'])
  if (reference && contains.includes(reference)) found.push(['contains', 'contains_itself'])
  return found
}

function ofReleases({ releases }: StatedProduct): [string, string][] {
  const backwards = releases.flatMap((release, index): [string, string][] => {
    const { glpiMin, glpiMax } = release ?? {}
    const isBackwards = glpiMin && glpiMax && glpiMax !== glpiMin && !notBelow(glpiMax, glpiMin)
    return isBackwards ? [[`releases.${index}.glpiMax`, 'backwards']] : []
  })
  const twice = repeated(releases.map((release) => release?.version ?? null))
  return [...backwards, ...twice.map((index): [string, string] => [`releases.${index}.version`, 'twice'])]
}

function ofParts(
  { reference: own, contains }: StatedProduct,
  kindOf: ReadonlyMap<string, string | null>,
): [string, string][] {
  const wrong = contains.flatMap((reference, index): [string, string][] => {
    if (reference === null || reference === own) return []
    if (!kindOf.has(reference)) return [[`contains.${index}`, 'unknown_product']]
    return kindOf.get(reference) === 'suite' ? [[`contains.${index}`, 'suite_in_suite']] : []
  })
  return [...repeated(contains).map((index): [string, string] => [`contains.${index}`, 'twice']), ...wrong]
}

/** `11` is an end for `11.0.4` as well: only the parts count that the end names. */
const notBelow = (end: string, start: string) =>
  compareVersions(end, start.split('.').slice(0, end.split('.').length).join('.')) >= 0

/** Where something stands that stood before. */
const repeated = (names: (string | null)[]) =>
  names.flatMap((name, index) => (name !== null && names.indexOf(name) < index ? [index] : []))
