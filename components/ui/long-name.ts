const most = 48

/** Whether a name is longer than has room beside anything. */
export const isLong = (name: string) => name.length > most

/** A name may have 200 characters. Of one longer than most, the first lines are shown (`.name`), and its title is the whole. */
export const longName = (name: string) => (isLong(name) ? { className: 'name', title: name } : {})

/**
 * Marks an ID that stands in a sentence, for `LongNames` to set it as code: by isolates (UAX #9), which are made to stand
 * around what comes from elsewhere, and which no eye sees where nobody sets it.
 */
export const asCode = (id: string) => `\u2068${id}\u2069`

/** What `asCode` marked. */
export const codeIn = /\u2068([^\u2069]*)\u2069/
