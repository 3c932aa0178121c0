'use client'

import { type ReactNode, useEffect, useRef } from 'react'
import { Notice } from './ui/notice'

/** What was done. The button that did it may be gone; then the focus, which nothing holds, comes here. */
export function Done({ children }: { children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null)
  // After each answer of the server, also one that says the same again.
  useEffect(() => {
    if (document.activeElement === document.body) place.current?.focus()
  })
  return (
    <Notice tone="ok" ref={place}>
      {children}
    </Notice>
  )
}
