import { readFileSync } from 'node:fs'

type Messages = { [name: string]: string | Messages }

/** A message as its file has it (`people.code.title`): for tests that name a sentence in both languages. */
export function words(language: 'en' | 'fr', name: string): string {
  const [file = '', ...path] = name.split('.')
  const url = new URL(`../lib/messages/${language}/${file}.json`, import.meta.url)
  let found: string | Messages | undefined = JSON.parse(readFileSync(url, 'utf8'))
  for (const part of path) found = typeof found === 'object' ? found[part] : undefined
  if (typeof found !== 'string') throw new Error(`there is no message ${name}`)
  return found
}
