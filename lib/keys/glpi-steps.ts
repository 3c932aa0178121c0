import { compareVersions } from '@/lib/catalog/rules'
import type { Translate } from '@/lib/messages/translator'

/**
 * What to do next in GLPI with a copied key, in the version's own names. The place to paste is the plugin's own page;
 * GLPI's box (Setup > General > GLPI Network) counts only where that GLPI asks this portal.
 */
export function glpiSteps(
  key: { product: string; binding: string; glpiVersion: string | null; asksPortal: boolean },
  t: Translate,
): { lead: string; steps: string[] } {
  const { product, glpiVersion } = key
  const lead = glpiVersion ? t('keys.glpi.in_glpi', { version: glpiVersion }) : t('keys.glpi.in_any_glpi')
  const old = glpiVersion !== null && compareVersions(glpiVersion, '11.0.0') < 0
  const paste =
    key.binding === 'organization'
      ? t('keys.glpi.cloud', { product })
      : t(old ? 'keys.glpi.plugin_10' : 'keys.glpi.plugin_11', { product })
  return { lead, steps: key.asksPortal ? [paste, t('keys.glpi.box')] : [paste] }
}
