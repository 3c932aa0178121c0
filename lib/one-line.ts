/**
 * A name as people type it, on one line: without control and direction characters, with which one could falsify a line
 * that the name stands in (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
 */
export const oneLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\p{Cf}/gu, '')
    // Letters and signs that show as nothing at all: Hangul fillers, Khmer inherent vowels, the empty Braille cell.
    .replace(/[\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0]/g, '')
    .trim()
