import type { Translate } from '@/lib/messages/translator'

/** The first that is found is meant: each browser also names those that it descends from. */
const browsers: [string, RegExp][] = [
  ['Edge', /\bEdg(e|A|iOS)?\//],
  ['Opera', /\b(OPR|Opera)\b/],
  ['Samsung Internet', /\bSamsung(Browser| Internet)\//],
  ['Firefox', /\b(Firefox|FxiOS)\//],
  ['Chrome', /\b(Chrome|Chromium|HeadlessChrome|CriOS)\//],
  ['Safari', /\bSafari\//],
]
const systems: [string, RegExp][] = [
  ['iOS', /\b(iPhone|iPad|iPod|iOS)\b/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\b(Macintosh|Mac OS X|macOS)\b/],
  ['ChromeOS', /\b(CrOS|ChromeOS)\b/],
  ['Linux', /\bLinux\b/],
]

const nameIn = (text: string, known: [string, RegExp][]) =>
  known.find(([, sign]) => sign.test(text))?.[0] ?? ''

/**
 * What is kept of a browser's User-Agent header: `Firefox/Windows`, either empty where it is not known. Versions and
 * models are not needed to tell one's own devices apart. What was kept already stays as it is.
 */
export function deviceOf(userAgent: string): string {
  return `${nameIn(userAgent, browsers)}/${nameIn(userAgent, systems)}`
}

/** In words: "Firefox on Windows". */
export function deviceWords(device: string, t: Translate): string {
  // The version before kept the whole header.
  const [browser = '', system = ''] = deviceOf(device).split('/')
  if (browser && system) return t('account.device.both', { browser, system })
  if (browser || system) return browser || system
  return t('account.device.unknown')
}
