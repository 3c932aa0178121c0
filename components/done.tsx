'use client'

import { type ReactNode, useEffect, useRef } from 'react'
import { refusedEvent } from './form'
import { Notice } from './ui/notice'

/**
 * What was done. The button that did it may be gone; then the focus, which nothing holds, comes here. It goes when a form
 * of the page is refused after it.
 */
export function Done({ children }: { children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const hide = () => {
      if (place.current) place.current.hidden = true
    }
    document.addEventListener(refusedEvent, hide)
    return () => document.removeEventListener(refusedEvent, hide)
  }, [])
  // After each answer of the server, also one that says the same again.
  useEffect(() => {
    if (!place.current) return
    place.current.hidden = false
    if (document.activeElement === document.body) place.current.focus()
  })
  return (
    <Notice tone="ok" ref={place}>
      {children}
    </Notice>
  )
}
