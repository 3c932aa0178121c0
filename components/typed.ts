import { useEffect, useRef, useState } from 'react'

/**
 * What stands in the one field within an element: what is typed, and what was typed, or kept by the browser, before
 * JavaScript had loaded.
 */
export function useTyped() {
  const place = useRef<HTMLDivElement>(null)
  const [typed, setTyped] = useState('')
  const read = () => {
    const field = place.current?.querySelector<HTMLInputElement | HTMLSelectElement>('input, select')
    setTyped(field?.value ?? '')
  }
  useEffect(read, [])
  return { typed, around: { ref: place, onInput: read } }
}
