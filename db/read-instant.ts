/** Of a statement that is written out, drizzle hands instants on as texts, and the pool as dates. */
export const readInstant = (value: Date | string) => new Date(value)
export const readInstantOrNull = (value: Date | string | null) => (value === null ? null : new Date(value))
