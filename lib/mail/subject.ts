const most = 60

/** A name for a subject line, which mail programs cut: its beginning. The mail itself has it whole. */
export function forSubject(name: string): string {
  const characters = [...new Intl.Segmenter().segment(name)].map(({ segment }) => segment)
  return characters.length > most ? `${characters.slice(0, most).join('').trimEnd()}…` : name
}
