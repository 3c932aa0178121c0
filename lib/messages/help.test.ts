import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { keptDays, usualGraceDays } from '@/lib/activations/rules'
import { en } from './en/messages'

test('the document says what the page of the portal says', () => {
  const file = path.join(import.meta.dirname, '../../docs/what-glpi-sends.md')
  const document = readFileSync(file, 'utf8').replace(/\s+/g, ' ')
  const said = Object.values(en.help)
    .flatMap((part) => (typeof part === 'string' ? [part] : Object.values(part)))
    .map((text) => text.replace('{days}', String(keptDays)).replace('{grace}', String(usualGraceDays)))
  expect(said.length).toBeGreaterThan(15)
  expect(said.filter((text) => !document.includes(text))).toEqual([])
})
