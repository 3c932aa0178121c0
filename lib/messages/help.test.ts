import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { codeDays } from '@/lib/activations/refusal-code'
import { keptDays, usualGraceDays } from '@/lib/activations/rules'
import { en } from './en/messages'

/** A document as one reads it: without the marks of its headings, tables and emphasis. */
function readDocument(name: string) {
  const text = readFileSync(path.join(import.meta.dirname, '../../docs', name), 'utf8')
  return plain(text.replace(/\*\*|`/g, '').replace(/(^|[\s(])_|_(?=[\s,.:;)])/gm, '$1'))
}

const plain = (text: string) => text.replaceAll('’', "'").replace(/[“”]/g, '"').replace(/\s+/g, ' ')

const textsOf = (value: object | string): string[] =>
  typeof value === 'string' ? [value] : Object.values(value).flatMap(textsOf)

const said = (texts: object, facts: Record<string, string>) =>
  textsOf(texts).map((text) => plain(text.replace(/\{(\w+)\}/g, (_, name: string) => facts[name] ?? name)))

test('the document says what the page of the portal says', () => {
  const facts = { days: String(keptDays), codeDays: String(codeDays), grace: String(usualGraceDays) }
  const texts = said(en.help, facts)
  expect(texts.length).toBeGreaterThan(15)
  const document = readDocument('what-glpi-sends.md')
  expect(texts.filter((text) => !document.includes(text))).toEqual([])
})

test('so does the one for GLPI administrators', () => {
  const { link: _, ...shown } = en.glpi
  const command = 'curl -v https://portal.example.com/api/ping'
  const facts = { portal: 'portal.example.com', grace: String(usualGraceDays), start: '<?php', command }
  const texts = said(shown, facts)
  expect(texts.length).toBeGreaterThan(35)
  const document = readDocument('glpi-administrators.md')
  expect(texts.filter((text) => !document.includes(text))).toEqual([])
})
