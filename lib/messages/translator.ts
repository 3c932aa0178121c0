import { createTranslator } from 'next-intl'
import { en } from './en/messages'
import { fr } from './fr/messages'

export const languages = ['en', 'fr'] as const
export type Language = (typeof languages)[number]
export type Messages = typeof en

const messages: Record<Language, Messages> = { en, fr }

const create = (locale: Language) =>
  createTranslator({
    locale,
    messages: messages[locale],
    onError: (error) => {
      throw error
    },
  })
export type Translate = ReturnType<typeof create>

const translators = new Map<Language, Translate>()

/** The sentences of a language. One per process: each message is compiled once, not once per request. */
export function translator(language: Language): Translate {
  let found = translators.get(language)
  if (!found) {
    found = create(language)
    translators.set(language, found)
  }
  return found
}

/** The first of the browser's languages that the portal speaks; English where it speaks none (RFC 9110, 12.5.4). */
export function languageFrom(acceptLanguage: string | null | undefined): Language {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';')
      const quality = parameters.find((parameter) => parameter.trim().startsWith('q='))
      return { tag: tag.slice(0, 2), quality: quality ? Number(quality.trim().slice(2)) : 1 }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
  return wanted.map(({ tag }) => languages.find((language) => language === tag)).find(Boolean) ?? 'en'
}
