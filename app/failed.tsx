'use client'

import { useSyncExternalStore } from 'react'
import { isOutdated } from '@/components/unanswered'
import en from '@/lib/messages/en/failed.json'
import fr from '@/lib/messages/fr/failed.json'

/**
 * A page that failed: what to do, and the number under which the log has the reason. Its sentences come with it in
 * both languages, since whatever chooses the language may be what failed.
 */
export function Failed({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  const french = useSyncExternalStore(unchanging, spoken, () => 'en').startsWith('fr')
  const words = french ? fr : en
  const support = useSyncExternalStore(unchanging, supportEmail, () => '')
  const { digest } = error
  // As Chromium, Firefox and Safari call a request that never got there.
  const unreachable = !digest && /failed to fetch|networkerror|load failed/i.test(error.message)
  if (isOutdated(error))
    return (
      <main className="alone">
        <h1>{words.outdated_title}</h1>
        <p>{words.outdated_text}</p>
        <div className="row">
          <button type="button" className="btn primary" onClick={() => location.reload()}>
            {words.reload}
          </button>
        </div>
      </main>
    )
  return (
    <main className="alone">
      <h1>{unreachable ? words.unreachable_title : words.title}</h1>
      <p>
        {unreachable
          ? words.unreachable_text
          : words.text.replace('{reference}', digest ?? '–').replace('{support}', support || words.support)}
      </p>
      <div className="row">
        <button type="button" className="btn primary" onClick={reset}>
          {words.again}
        </button>
        <a className="btn" href="/">
          {words.home}
        </a>
      </div>
    </main>
  )
}

const unchanging = () => () => {}

/** It stands in the page's frame; nowhere where that failed too. */
const supportEmail = () => document.body.dataset.support ?? ''

/** The page's language; the browser's where not even the page's frame came to be. */
const spoken = () => document.documentElement.lang || navigator.language
