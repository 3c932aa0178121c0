/** What a spreadsheet skips, and then takes for a formula (the last four are the wide forms of the first four). */
const formulaStart = /(?<=^|[;\t\r\n])(?=[\s\p{Cf}\0]*[=+\-@|%\t\r\n\uFF1D\uFF0B\uFF0D\uFF20])/gu

/**
 * One line of CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe before it: at a cell's
 * beginning, and after a semicolon, tab or line break within it, at which some languages' spreadsheets part cells
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export function csvLine(cells: readonly (string | null)[]): string {
  return `${cells.map((cell) => quoted(cell ?? '')).join(',')}\r\n`
}

function quoted(cell: string): string {
  const harmless = cell.replace(formulaStart, "'")
  return /[",;\r\n\t]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
