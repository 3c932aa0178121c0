const most = 48

/** Whether a name is longer than has room beside anything. */
export const isLong = (name: string) => name.length > most

/** A name may have 200 characters. Of one longer than most, the first lines are shown (`.name`), and its title is the whole. */
export const longName = (name: string) => (isLong(name) ? { className: 'name', title: name } : {})
