/** A release of a product, as far as its fit goes. Both ends are inclusive by prefix; null leaves the range open. */
export type ReleaseRange = { version: string; glpiMin: string; glpiMax: string | null }

export type UpgradeVerdict<R extends ReleaseRange> =
  | { fits: true; release: R }
  /** `upTo`: the highest GLPI version that any release works on; null where there is none to name. */
  | { fits: false; because: 'no_release_yet' | 'ended'; upTo: string | null }
  /** Every release needs a later GLPI; `from`: the lowest version that one works on. */
  | { fits: false; because: 'glpi_too_old'; from: string }

type Version = { numbers: number[]; stage: number; stageNumber: number }

const stages = ['dev', 'alpha', 'beta', 'rc', '', 'p']
const released = stages.indexOf('')

/**
 * Anything that is no version reads as 0. Of a suffix, the stage and its number count; an unknown word comes before all
 * stages, and what follows `+` does not count.
 */
function readVersion(text: string): Version {
  const [, digits = '', stage = '', stageNumber = ''] =
    // Stryker disable next-line ArrayDeclaration: the first place, which the mutant fills, is not read
    /^\s*v?(\d+(?:\.\d+)*)(?:[-.]?([a-z]+)[-.]?(\d*))?/i.exec(text) ?? []
  const name = { a: 'alpha', b: 'beta', pl: 'p' }[stage.toLowerCase()] ?? stage.toLowerCase()
  return {
    numbers: digits.split('.').map(Number),
    stage: stages.indexOf(name),
    stageNumber: Number(stageNumber),
  }
}

/** Numeric part by part, over `length` parts; a part that is not there is 0. */
function compareNumbers(a: number[], b: number[], length: number): number {
  for (let part = 0; part < length; part++) {
    const difference = (a[part] ?? 0) - (b[part] ?? 0)
    if (difference !== 0) return Math.sign(difference)
  }
  return 0
}

/**
 * Orders two versions of GLPI or of a plugin: `9.5` < `10.0.9` < `10.0.10` < `11.0.0-beta` < `11.0.0-rc1` < `11.0.0`.
 * `11.0` and `11.0.0` are equal. Stages are ordered as PHP does, by which GLPI compares versions.
 *
 * @returns -1, 0 or 1
 * @see https://www.php.net/version_compare
 */
export function compareVersions(a: string, b: string): number {
  const left = readVersion(a)
  const right = readVersion(b)
  return (
    compareNumbers(left.numbers, right.numbers, Math.max(left.numbers.length, right.numbers.length)) ||
    Math.sign(left.stage - right.stage) ||
    Math.sign(left.stageNumber - right.stageNumber)
  )
}

/**
 * Compares a GLPI version with one end of a range over the parts that both name: `11.0.9` lies on `11.0`, and so does a
 * planned `11`. GLPI's pre-releases count as the release that they lead to, as in GLPI's own check of plugins, unless the
 * end names a pre-release itself.
 */
function compareWithEnd(glpiVersion: string, end: string): number {
  const version = readVersion(glpiVersion)
  const limit = readVersion(end)
  if (limit.stage !== released) return compareVersions(glpiVersion, end)
  return compareNumbers(
    version.numbers,
    limit.numbers,
    Math.min(version.numbers.length, limit.numbers.length),
  )
}

/**
 * Whether a release works on a GLPI version. `10.0` to `11.0` includes 10.0.0 and 11.0.9, not 11.1.
 *
 * @param glpiVersion as `parseGlpiVersion` gives it, in as many parts as are known
 */
export function fits(release: ReleaseRange, glpiVersion: string): boolean {
  return (
    compareWithEnd(glpiVersion, release.glpiMin) >= 0 &&
    (release.glpiMax === null || compareWithEnd(glpiVersion, release.glpiMax) <= 0)
  )
}

/** The releases that work on a GLPI version, newest first. */
export function fittingReleases<R extends ReleaseRange>(releases: readonly R[], glpiVersion: string): R[] {
  return releases
    .filter((release) => fits(release, glpiVersion))
    .sort((a, b) => compareVersions(b.version, a.version))
}

/** Whether a version is no pre-release. */
export const isStable = (version: string) => readVersion(version).stage >= released

/** The release to install on a GLPI version: the newest, a pre-release only where there is nothing else; null for none. */
export function newestFitting<R extends ReleaseRange>(releases: readonly R[], glpiVersion: string): R | null {
  const fitting = fittingReleases(releases, glpiVersion)
  return fitting.find(({ version }) => isStable(version)) ?? fitting[0] ?? null
}

function whyNoneFits<R extends ReleaseRange>(
  releases: readonly R[],
  ended: boolean,
  glpiVersion: string,
): UpgradeVerdict<R> {
  const [from] = releases.map(({ glpiMin }) => glpiMin).sort(compareVersions)
  if (from && compareWithEnd(glpiVersion, from) < 0) {
    return { fits: false, because: 'glpi_too_old', from }
  }
  // Stryker disable next-line ArrayDeclaration: what the mutant puts there reads as 0, and so is never the highest
  const ends = releases.flatMap(({ glpiMax }) => glpiMax ?? [])
  return {
    fits: false,
    because: ended ? 'ended' : 'no_release_yet',
    upTo: ends.sort(compareVersions).at(-1) ?? null,
  }
}

/**
 * For a GLPI version that one plans to move to: which products have a release that works on it, and why others have none.
 *
 * @param products `ended`: there will be no further release
 * @param plannedGlpiVersion as `parseGlpiVersion` gives it
 * @returns the verdicts, in the order of the products
 */
export function upgradeOutlook<P extends { releases: readonly ReleaseRange[]; ended: boolean }>(
  products: readonly P[],
  plannedGlpiVersion: string,
): { product: P; verdict: UpgradeVerdict<P['releases'][number]> }[] {
  return products.map((product) => {
    const release = newestFitting<P['releases'][number]>(product.releases, plannedGlpiVersion)
    const verdict: UpgradeVerdict<P['releases'][number]> = release
      ? { fits: true, release }
      : whyNoneFits(product.releases, product.ended, plannedGlpiVersion)
    return { product, verdict }
  })
}

const versionPattern = '(\\d{1,3}(?:\\.\\d{1,4}){0,3}(?:-?(?:dev|alpha|beta|rc)[.-]?\\d{0,4})?)'
/** After GLPI's name more may follow: its user agent says how it was installed. */
const namedVersion = new RegExp(`^\\s*glpi[\\s/:-]*(?:version\\s*)?v?${versionPattern}(?=$|[\\s(;,])`, 'i')
const bareVersion = new RegExp(`^\\s*(?:version\\s*)?v?${versionPattern}\\s*$`, 'i')

/**
 * Reads a GLPI version as people type it (`GLPI 11.0.4`, `10`, `v11.0`) and as GLPI's user agent names it
 * (`GLPI/11.0.2 (installation-mode:TARBALL)`).
 *
 * @returns the version in as many parts as were given, in lower case; null where there is none
 */
export function parseGlpiVersion(text: string): string | null {
  if (text.length > 500) return null
  const version = (namedVersion.exec(text) ?? bareVersion.exec(text))?.[1]
  return version?.toLowerCase() ?? null
}
