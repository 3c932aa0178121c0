import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { makeIcons } from './make-icons'

test('the stored icons are those of the installed lucide-react (else: npm run icons)', async () => {
  const { sprite, names } = await makeIcons()
  expect(readFileSync(new URL('../../public/icons.svg', import.meta.url), 'utf8')).toBe(sprite)
  expect(readFileSync(new URL('icon-names.ts', import.meta.url), 'utf8')).toBe(names)
})
