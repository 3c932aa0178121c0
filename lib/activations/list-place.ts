/** The last row of a page: the next page begins after it. */
export interface ListPlace {
  at: Date
  /** As it is written; of rows at the same moment it decides. */
  id: string
}

/** A place in a list as an address has it. */
export const placeText = (at: Date, id: string | number) => `${at.getTime()}_${id}`

/** Undefined where the text names none. @param isRowId whether the list's rows have IDs like that */
export function placeIn(text: unknown, isRowId: (id: string) => boolean): ListPlace | undefined {
  const [, time, id] = /^(\d{1,13})_([\da-f-]{1,36})$/i.exec(String(text)) ?? []
  return time && id && isRowId(id) ? { at: new Date(Number(time)), id } : undefined
}

/** Whether it is a number as Postgres counts rows. */
export const isRowNumber = (id: string) => /^\d{1,15}$/.test(id)
