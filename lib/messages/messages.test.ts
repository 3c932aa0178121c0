import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { createTranslator } from 'next-intl'
import { expect, test } from 'vitest'
import { mostCounted } from '@/lib/keys/queries'
import { en } from '@/lib/messages/en/messages'
import { fr } from '@/lib/messages/fr/messages'
import { languages, translator } from '@/lib/messages/translator'

type Tree = { readonly [name: string]: string | Tree }

/** Every message by its whole name. */
function flatten(tree: Tree, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[prefix + name, value]] : [...flatten(value, `${prefix}${name}.`)],
    ),
  )
}

/** The arguments of an ICU message with their sort, also those in the branches of a plural, and the tags of rich text. */
function argumentsOf(message: string): string[] {
  const found = new Set<string>()
  let rest = message
  const take = (pattern: RegExp) => {
    const [taken] = pattern.exec(rest) ?? []
    if (taken === undefined) throw new Error(`Not an ICU message: ${message}`)
    rest = rest.slice(taken.length)
    return taken
  }
  const text = () => {
    for (const [, tag] of take(/^[^{}]*/).matchAll(/<([a-z]\w*)>/g)) found.add(`<${tag}>`)
    if (!rest.startsWith('{')) return
    take(/^\{/)
    const name = take(/^\w+/)
    const [, sort = ''] = /^,\s*(\w+)/.exec(take(/^[^{}]*?(?=[\w=]+\s*\{|\})/)) ?? []
    found.add(sort ? `${name} (${sort})` : name)
    while (!rest.startsWith('}')) {
      take(/^\s*[\w=]+\s*\{/)
      text()
      take(/^\}\s*/)
    }
    take(/^\}/)
    text()
  }
  text()
  if (rest) throw new Error(`Unbalanced braces: ${message}`)
  return [...found].sort()
}

const english = flatten(en)
const french = flatten(fr)

/** Words that both languages write alike; nothing, where a message is made of its arguments. */
const alike = new Set([
  '',
  'Active',
  'E-mail',
  'GLPI',
  'Instance',
  'Instances',
  'Menu',
  'Questions',
  'Total',
  'instance',
  'port',
  'production',
  'test',
])

test('no message is the same in both languages, but for words that both write alike', () => {
  const untranslated = [...english].filter(
    ([name, message]) => french.get(name) === message && !alike.has(wordsOf(message)),
  )
  expect(untranslated).toEqual([])
})

/** What never begins with a vowel: amounts, numbers, versions (`before`), and the short IDs of keys. */
const neverVowel = /^(?:amount|number|days|seconds|needs|of|before|shortId|oldShortId)$/

test('French leaves nothing to be elided before an argument, whatever name stands in it', () => {
  const bare =
    /(?<![\p{L}’])(?:de|que|jusque|lorsque|puisque|quoique|ne|se|ce|je|presque) (?:<\w+>)*\{(\w+)|\p{L}’(?:<\w+>)*\{(\w+)/giu
  const found = [...french].flatMap(([name, message]) =>
    [...message.matchAll(bare)]
      .filter(([, full, elided]) => elided || !neverVowel.test(full ?? ''))
      .map(([where]) => `${name}: ${where}`),
  )
  expect(found).toEqual([])
})

/** A message without its arguments and what stands around them. */
const wordsOf = (message: string) => message.replace(/\{\w+\}/g, '').replace(/^[\s(),]+|[\s(),]+$/g, '')

test('the arguments of a message are found, also inside a plural', () => {
  expect(argumentsOf('{count, plural, one {# key of {name}} other {# keys}} <link>here</link>')).toEqual([
    '<link>',
    'count (plural)',
    'name',
  ])
})

test('both languages have every message', () => {
  expect([...french.keys()].sort()).toEqual([...english.keys()].sort())
  expect(english.size).toBeGreaterThan(40)
})

test('a message takes the same arguments in both languages', () => {
  const differing = [...english].flatMap(([name, message]) => {
    const here = argumentsOf(message)
    const there = argumentsOf(french.get(name) ?? '')
    return here.join() === there.join() ? [] : [`${name}: ${here} / ${there}`]
  })
  expect(differing).toEqual([])
})

test('a sentence is the one that next-intl makes of it', () => {
  let sentences = 0
  for (const language of languages) {
    const theirs = createTranslator({ locale: language, messages: language === 'en' ? en : fr })
    for (const [name, message] of language === 'en' ? english : french) {
      // a name of the very messages
      const key = name as Parameters<typeof theirs>[0]
      const asked = argumentsOf(message)
      if (asked.some((argument) => argument.startsWith('<'))) continue
      for (const amount of [0, 1, 2, 1_001, 12_345]) {
        const values = Object.fromEntries(asked.map((argument) => [argument.split(' ')[0], amount]))
        expect(translator(language)(key, values)).toBe(theirs(key, values))
        sentences++
      }
    }
  }
  expect(sentences).toBeGreaterThan(1_000)
})

test('what is counted no further is said to be more', () => {
  for (const language of languages) {
    const t = translator(language)
    const many = { keys: mostCounted + 1, working: mostCounted + 1, instances: mostCounted + 1 }
    const sentences = [
      t('keys.sentence', many),
      t('overview.quiet', many),
      t('overview.needs', { ...many, needs: 1, more: 'no' }),
      t('overview.no_key_works', many),
      t('overview.all_instances', { count: many.instances }),
    ]
    for (const sentence of sentences) expect(sentence).not.toMatch(/1\D?001/)
  }
})

test('no message is empty', () => {
  for (const messages of [english, french]) {
    expect([...messages].filter(([, message]) => message.trim() === '')).toEqual([])
  }
})

test('French quotation marks keep to what they enclose', () => {
  expect([...french].filter(([, message]) => /« | »/.test(message))).toEqual([])
})

test('a room has one file in each language, and each file is part of the messages', () => {
  const files = languages.map((language) => {
    const names = readdirSync(path.join(import.meta.dirname, language)).filter((name) =>
      name.endsWith('.json'),
    )
    const list = readFileSync(path.join(import.meta.dirname, language, 'messages.ts'), 'utf8')
    // Pages that must stand when all else fails read theirs alone.
    const apart = ['failed.json']
    expect(names.filter((name) => !list.includes(`./${name}`) && !apart.includes(name))).toEqual([])
    return names
  })
  expect(files[1]).toEqual(files[0])
})

test('the files that are read apart agree as well', () => {
  const [here, there] = languages.map((language) =>
    // a test's own file, and flatten() fails on anything else
    flatten(
      JSON.parse(readFileSync(path.join(import.meta.dirname, language, 'failed.json'), 'utf8')) as Tree,
    ),
  )
  expect([...(there?.keys() ?? [])]).toEqual([...(here?.keys() ?? [])])
  for (const messages of [here, there])
    expect([...(messages?.values() ?? [])].every((message) => message.trim())).toBe(true)
})

test('the words of the code are not said to people', () => {
  const jargon = /\b(lease|binding|rebind\w*|grace)\b/i
  expect([...english].filter(([, message]) => jargon.test(message.replace(/\{[^{}]*\}/g, '')))).toEqual([])
})

test('each code that is thrown has its sentence', () => {
  const root = path.join(import.meta.dirname, '..')
  const thrown = new Set<string>()
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.includes('.test.')) continue
    const text = readFileSync(path.join(root, file), 'utf8')
    for (const [, code] of text.matchAll(/new (?:Refused|Conflict)\(\s*'(\w+)'/g))
      thrown.add(`errors.${code}`)
    for (const [, a, b] of text.matchAll(/new Refused\(\w+ \? '(\w+)' : '(\w+)'/g))
      thrown.add(`errors.${a}`).add(`errors.${b}`)
    if (/(^|\/)rules\.ts$/.test(file) && /^(keys|instances|organizations)\//.test(file)) {
      for (const [, code] of text.matchAll(/because: '(\w+)'/g)) thrown.add(`errors.${code}`)
    }
  }
  expect([...thrown].filter((name) => !english.has(name))).toEqual([])
  expect(thrown.size).toBeGreaterThan(12)
})
