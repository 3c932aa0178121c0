import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

// WCAG 2.2: 1.4.3 asks 4.5 to 1 for text, 1.4.11 asks 3 to 1 for the edge of a field and the focus ring.
const css = readFileSync(new URL('globals.css', import.meta.url), 'utf8')
const grounds = ['ground', 'surface', 'sunken']
const tones = ['ok', 'soon', 'bad', 'calm', 'trial', 'accent']
const textPairs: [string, string][] = [
  ...['text', 'muted', ...tones].flatMap((ink) => grounds.map((under): [string, string] => [ink, under])),
  ...tones.flatMap((tone): [string, string][] => [
    [tone, `${tone}-soft`],
    ['text', `${tone}-soft`],
  ]),
  ['muted', 'accent-soft'],
  ['accent-text', 'accent'],
  ['accent-text', 'accent-strong'],
  ['accent-text', 'bad'],
]
const edgePairs: [string, string][] = ['edge', 'accent'].flatMap((edge) =>
  grounds.map((under): [string, string] => [edge, under]),
)

for (const theme of ['light', 'dark'] as const) {
  test.each(textPairs)(`${theme}: %s on %s can be read`, (ink, under) => {
    expect(contrast(token(ink, theme), token(under, theme))).toBeGreaterThanOrEqual(4.5)
  })
  test.each(edgePairs)(`${theme}: %s on %s can be seen`, (edge, under) => {
    expect(contrast(token(edge, theme), token(under, theme))).toBeGreaterThanOrEqual(3)
  })
}

function token(name: string, theme: 'light' | 'dark'): number {
  const found = new RegExp(`--${name}: light-dark\\(oklch\\(([^)]+)\\), oklch\\(([^)]+)\\)\\)`).exec(css)
  const values = found?.[theme === 'light' ? 1 : 2]?.split(' ').map(Number)
  if (values?.length !== 3) throw new Error(`no token --${name}`)
  const [lightness = 0, chroma = 0, hue = 0] = values
  return luminance(lightness, chroma, hue)
}

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** Relative luminance of an oklch colour. Matrices: Björn Ottosson, https://bottosson.github.io/posts/oklab/ */
function luminance(lightness: number, chroma: number, hue: number): number {
  const a = chroma * Math.cos((hue * Math.PI) / 180)
  const b = chroma * Math.sin((hue * Math.PI) / 180)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const clip = (channel: number) => Math.min(1, Math.max(0, channel))
  const red = clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s)
  const green = clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s)
  const blue = clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
