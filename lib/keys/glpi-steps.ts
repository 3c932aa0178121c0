import { compareVersions } from '@/lib/catalog/rules'
import type { Translate } from '@/lib/messages/translator'

interface Pasted {
  product: string
  /** Of a suite, its plugins. */
  contains: string[] | null
  binding: string
}

/**
 * What to do next in GLPI with a copied key, in the version's own names. The place to paste is the plugin's own page;
 * GLPI's box (Setup > General > GLPI Network) counts only where that GLPI asks this portal. A suite's key goes into each of
 * its plugins: GLPI knows none of the suite's name.
 */
export function glpiSteps(
  key: Pasted & { glpiVersion: string | null; asksPortal: boolean },
  t: Translate,
): { lead: string; steps: string[] } {
  const { glpiVersion } = key
  const lead = glpiVersion ? t('keys.glpi.in_glpi', { version: glpiVersion }) : t('keys.glpi.in_any_glpi')
  const old = glpiVersion !== null && compareVersions(glpiVersion, '11.0.0') < 0
  const paste = place(key, old ? 10 : 11, t)
  return { lead, steps: key.asksPortal ? [paste, t('keys.glpi.box')] : [paste] }
}

function place({ product, contains, binding }: Pasted, version: 10 | 11, t: Translate): string {
  if (binding === 'organization') return t('keys.glpi.cloud', { product })
  if (contains) return t(`keys.glpi.suite_${version}`, { products: contains.join(', ') })
  return t(`keys.glpi.plugin_${version}`, { product })
}
