import { missing } from './failure'

/** The objects of one kind. They are never changed, but replaced: what an event shows stays as it was. */
export class Table<T extends { id: string }> {
  readonly #rows = new Map<string, T>()
  readonly #owned = new Map<string, Set<string>>()

  /**
   * @param what how Stripe calls it when there is none
   * @param owner the ID of what a row belongs to for good, where `of` is to find it without looking at all of them
   */
  constructor(
    readonly what: string,
    readonly owner: (row: T) => string | null = () => null,
  ) {}

  put<U extends T>(row: U): U {
    this.#rows.set(row.id, row)
    const owner = this.owner(row)
    if (owner) this.#owned.set(owner, (this.#owned.get(owner) ?? new Set()).add(row.id))
    return row
  }

  find = (id: string) => this.#rows.get(id)

  /** @throws {import('./failure').Failure} 404, as Stripe says it. */
  get(id: string, param?: string): T {
    const row = this.#rows.get(id)
    if (!row) throw missing(this.what, id, param)
    return row
  }

  remove = (id: string) => this.#rows.delete(id)

  /** The newest first, as Stripe lists. */
  all = (keep: (row: T) => boolean = () => true) => [...this.#rows.values()].filter(keep).reverse()

  /** What belongs to something, the newest first. */
  of = (owner: string): T[] =>
    [...(this.#owned.get(owner) ?? [])].flatMap((id) => this.find(id) ?? []).reverse()

  get size() {
    return this.#rows.size
  }
}

/** The ID of what may be there as the ID alone or as a whole. */
export function idOf(reference: string | { id: string }): string
export function idOf(reference: string | { id: string } | null | undefined): string | null
export function idOf(reference: string | { id: string } | null | undefined): string | null {
  if (!reference) return null
  return typeof reference === 'string' ? reference : reference.id
}
