/** A name may have 200 characters. Of one longer than most, the first lines are shown (`.name`), and its title is the whole. */
export const longName = (name: string) => (name.length > 48 ? { className: 'name', title: name } : {})
