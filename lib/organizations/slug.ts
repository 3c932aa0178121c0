/** An organization's name in the address: `/acme/keys`. */
export type SlugVerdict =
  | { ok: true; slug: string }
  | { ok: false; because: 'empty' | 'too_short' | 'too_long' | 'characters' | 'hyphens' | 'reserved' }

const minLength = 2
export const maxSlugLength = 40

/** What the portal needs at the first place of an address, now or probably one day, and what would mislead there. */
export const reserved: ReadonlySet<string> = new Set(
  `api _next static public assets images fonts favicon.ico robots.txt sitemap.xml .well-known
   well-known manifest.webmanifest sw.js health ready metrics status version sign-in signin sign-out
   signout sign-up signup login logout register auth oauth sso session sessions callback verify invite
   invitation invitations join welcome account accounts profile settings me user users organization
   organizations org new create edit delete staff admin root system console vendor latchkey glpi check
   open trial trials key keys instance instances catalog product products plugins marketplace registration
   checkout payment payments billing invoice invoices pricing stripe webhook webhooks download
   downloads search export lease leases offline help support contact docs about legal privacy terms
   imprint security cookies www mail home index error 404 500 not-found null undefined en fr de es it
   pt nl pl cs ar ja zh`.split(/\s+/),
)

/** Whether the portal needs a name itself. Case does not count. */
export function isReserved(slug: string): boolean {
  return reserved.has(slug.toLowerCase())
}

/**
 * Reads the name that a person chooses for the address: 2 to 40 letters a–z, digits and single hyphens between them.
 * Capitals and blanks around it are forgiven.
 */
export function parseSlug(text: string): SlugVerdict {
  const slug = text.trim().toLowerCase()
  if (slug === '') return { ok: false, because: 'empty' }
  if (slug.length > maxSlugLength) return { ok: false, because: 'too_long' }
  if (isReserved(slug)) return { ok: false, because: 'reserved' }
  if (/[^a-z\d-]/.test(slug)) return { ok: false, because: 'characters' }
  if (/^-|--|-$/.test(slug)) return { ok: false, because: 'hyphens' }
  if (slug.length < minLength) return { ok: false, because: 'too_short' }
  return { ok: true, slug }
}

/** Latin letters that Unicode does not take apart into a letter and an accent. */
const folded = new Map(
  'ß:ss æ:ae œ:oe ø:o đ:d ð:d þ:th ł:l ħ:h ı:i ŋ:n ŧ:t ə:e'
    .split(' ')
    .map((pair) => [pair.slice(0, 1), pair.slice(2)]),
)

function fold(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z\d]/gu, (character) => folded.get(character) ?? '-')
    .replace(/-+/g, '-')
}

/** Cut to a length, at a hyphen where one is near the end. */
function shorten(slug: string, length: number): string {
  if (slug.length <= length) return slug
  const cut = slug.slice(0, length + 1)
  const hyphen = cut.lastIndexOf('-')
  return cut.slice(0, hyphen > length / 2 ? hyphen : length)
}

/**
 * Proposes a slug for an organization's name: `Hôpital de l'Étoile` becomes `hopital-de-l-etoile`. A name without two Latin
 * letters or digits becomes `org-` and the suffix; one that the portal needs itself gets the suffix appended.
 *
 * @param suffix 1 to 8 of a–z and 0–9, random, so that such names seldom meet
 * @returns a slug that `parseSlug` accepts; whether it is still free, the database says
 */
export function slugify(name: string, suffix: string): string {
  // No name needs more to fill a slug, and folding a megabyte takes its time.
  const slug = shorten(fold(name.slice(0, 400)).replace(/^-|-$/g, ''), maxSlugLength).replace(/-$/, '')
  if (slug.length < minLength) return `org-${suffix}`
  return isReserved(slug) ? `${slug}-${suffix}` : slug
}
