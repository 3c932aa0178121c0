/**
 * A name as people type it, on one line: without control and direction characters, with which one could falsify a line
 * that the name stands in (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
 */
export const oneLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\p{Cf}/gu, '')
    .trim()
