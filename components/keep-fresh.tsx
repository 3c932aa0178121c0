'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

/** Looks again from time to time, while the page is looked at; what has changed stands there then, and no focus moves. */
export function KeepFresh({ seconds }: { seconds: number }) {
  const { refresh } = useRouter()
  useEffect(() => {
    const looking = setInterval(() => {
      if (!document.hidden && navigator.onLine) refresh()
    }, seconds * 1_000)
    return () => clearInterval(looking)
  }, [refresh, seconds])
  return (
    <noscript>
      <meta httpEquiv="refresh" content={String(Math.max(5, seconds))} />
    </noscript>
  )
}
