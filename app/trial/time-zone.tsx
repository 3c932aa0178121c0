'use client'

import { useEffect, useRef } from 'react'

/** Sends along the browser's time zone, in which the trial is to end at midnight. Without JavaScript it stays empty. */
export function TimeZone() {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (field.current) field.current.value = Intl.DateTimeFormat().resolvedOptions().timeZone
  }, [])
  return <input ref={field} type="hidden" name="timeZone" />
}
