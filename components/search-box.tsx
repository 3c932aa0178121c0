'use client'

import { findKeys, lastFour } from '@/lib/keys/format'
import { SearchInput } from './ui/field'

/**
 * The search box of a list whose filter stands in the address, where a whole key has no business: of one that is pasted
 * only the last four characters stay, which find it as well. Without JavaScript the page sends one on to the same.
 */
export function SearchBox({ label, initial }: { label: string; initial: string }) {
  return (
    <SearchInput
      name="q"
      label={label}
      placeholder={label}
      defaultValue={initial}
      maxLength={300}
      onInput={({ currentTarget }) => {
        const [key] = findKeys(currentTarget.value)
        if (key) currentTarget.value = lastFour(key)
      }}
    />
  )
}
