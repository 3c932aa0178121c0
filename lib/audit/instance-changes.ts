import type { Translate } from '@/lib/messages/translator'
import { isolated } from './isolated'

type Facts = Record<string, unknown>

/**
 * What a change of an instance changed, from what to what; empty where the entry does not say. Entries from before all of it
 * was recorded lack facts: what is not known to have been different is not told.
 */
export function instanceChanges(facts: Facts, t: Translate): string {
  const changes = [
    changed(facts, 'label') && t('audit.changed.label', { before: said(facts.labelBefore) }),
    changed(facts, 'environment') && t('audit.changed.environment', { environment: said(facts.environment) }),
    changed(facts, 'testOf') && testOf(facts, t),
    changed(facts, 'glpiVersion') && glpiVersion(facts, t),
    changed(facts, 'asksPortal') && t('audit.changed.asks_portal', { asks: facts.asksPortal ? 'yes' : 'no' }),
  ]
  return changes
    .filter((change) => change !== false)
    .reduce((first, second) => (first ? t('keys.join', { first, second }) : second), '')
}

const changed = (facts: Facts, name: string) =>
  facts[`${name}Before`] !== undefined && facts[name] !== undefined && facts[name] !== facts[`${name}Before`]

const said = (fact: unknown) => isolated(String(fact ?? ''))

/** From one to another, or one of the two alone: `sort` says which. */
const fromTo = (before: unknown, after: unknown) => ({
  sort: before == null ? 'set' : after == null ? 'unset' : 'other',
  before: said(before),
  after: said(after),
})

const testOf = (facts: Facts, t: Translate) =>
  t('audit.changed.test_of', fromTo(facts.testOfBefore, facts.testOf))

const glpiVersion = (facts: Facts, t: Translate) =>
  t('audit.changed.glpi_version', fromTo(facts.glpiVersionBefore, facts.glpiVersion))
