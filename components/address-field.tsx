'use client'

import { TextField } from '@/components/form'
import { useTyped } from '@/components/typed'
import { Icon } from '@/components/ui/icon'
import { displayUrl, parseInstanceUrl } from '@/lib/instances/url'

/**
 * The field for a GLPI's address. While one types it shows how the address will be compared, and what is odd about it;
 * what is not yet an address is left to the server's answer.
 */
export function AddressField({
  label,
  hint,
  compared,
  warnings,
}: {
  label: string
  hint?: string
  compared: string
  warnings: { look_alike: string; test_copy?: string }
}) {
  const { typed, around } = useTyped()
  const verdict = parseInstanceUrl(typed)
  return (
    <div className="field-with-reading" {...around}>
      <TextField
        name="url"
        label={label}
        hint={hint}
        required
        mono
        maxLength={2048}
        placeholder="https://glpi.example.com"
        autoComplete="off"
      />
      <div role="status" className="reading">
        {verdict.ok && (
          <p>
            {compared} <code>{displayUrl(verdict.url)}</code>
          </p>
        )}
        {verdict.ok &&
          verdict.warnings.map((warning) => {
            const text = warnings[warning]
            return text ? (
              <p key={warning} className="odd">
                <Icon name="info" />
                {text}
              </p>
            ) : null
          })}
      </div>
    </div>
  )
}
