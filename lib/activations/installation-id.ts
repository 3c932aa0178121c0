import type { z } from 'zod'
import { decoded, holdsKey } from '@/lib/keys/format'
import { tokenPattern } from '@/lib/organizations/rules'

/** What a caller says of itself is kept and shown, in the one case as its name: nobody's key or API token belongs in it. */
export const withoutSecret = (text: z.ZodString) =>
  text
    .refine((said) => !holdsKey(said), 'holds_a_key')
    .refine((said) => !tokenPattern.test(decoded(said)), 'holds_a_token')

/** What an installation ID looks like: GLPI makes its own of letters and digits, but a setting may say anything. */
export const installationIdPattern = /^[\x21-\x7e]{1,100}$/

/**
 * What gives a GLPI another installation ID, on its server and in its folder: where the setting is empty, GLPI makes itself
 * one at the next call (`Config::getUuid`, GLPI 9.5 and later).
 */
export const renewIdCommand = "php bin/console config:set glpi_network_uuid ''"

/** Reads it in GLPI's own database: GLPI 9.5 to 11 shows it on none of their pages. */
export const installationIdQuery =
  "select value from glpi_configs where context = 'core' and name = 'glpi_network_uuid';"
