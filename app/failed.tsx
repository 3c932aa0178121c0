'use client'

import { useSyncExternalStore } from 'react'
import en from '@/lib/messages/en/failed.json'
import fr from '@/lib/messages/fr/failed.json'

/**
 * A page that failed: what to do, and the number under which the log has the reason. Its three sentences come with it in
 * both languages, since whatever chooses the language may be what failed.
 */
export function Failed({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  const french = useSyncExternalStore(unchanging, spoken, () => 'en').startsWith('fr')
  const words = french ? fr : en
  const { digest } = error
  // As Chromium, Firefox and Safari call a request that never got there.
  const unreachable = !digest && /failed to fetch|networkerror|load failed/i.test(error.message)
  return (
    <main className="alone">
      <h1>{unreachable ? words.unreachable_title : words.title}</h1>
      <p>{unreachable ? words.unreachable_text : words.text.replace('{reference}', digest ?? '–')}</p>
      <button type="button" className="btn primary" onClick={reset}>
        {words.again}
      </button>
    </main>
  )
}

const unchanging = () => () => {}

/** The page's language; the browser's where not even the page's frame came to be. */
const spoken = () => document.documentElement.lang || navigator.language
