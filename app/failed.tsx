'use client'

import { type ReactNode, useSyncExternalStore } from 'react'
import { Alone } from '@/components/alone'
import { Button, LinkButton } from '@/components/ui/button'
import { PageHead } from '@/components/ui/panel'
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
  const reference = digest ?? '–'
  if (isOutdated(error))
    return (
      <Said words={words} title={words.outdated_title} text={words.outdated_text}>
        <Button variant="primary" type="button" onClick={() => location.reload()}>
          {words.reload}
        </Button>
      </Said>
    )
  return (
    <Said
      words={words}
      title={unreachable ? words.unreachable_title : words.title}
      text={
        unreachable
          ? words.unreachable_text
          : words.text.replace('{reference}', reference).replace('{support}', support || words.support)
      }
    >
      <Button variant="primary" type="button" onClick={reset}>
        {words.again}
      </Button>
      <LinkButton href="/">{words.home}</LinkButton>
    </Said>
  )
}

/** Looks like the page of what does not exist. */
function Said({
  words,
  title,
  text,
  children,
}: {
  words: typeof en
  title: string
  text: string
  children: ReactNode
}) {
  const support = useSyncExternalStore(unchanging, supportEmail, () => '')
  const vendor = useSyncExternalStore(unchanging, vendorName, () => '')
  const help = support && (
    <>
      {words.help}{' '}
      <a className="link" href={`mailto:${support}`}>
        {support}
      </a>
    </>
  )
  return (
    <Alone vendor={vendor} help={help}>
      <PageHead title={title} sentence={text} />
      <div className="row">{children}</div>
    </Alone>
  )
}

const unchanging = () => () => {}

/** Both stand in the page's frame; nowhere where that failed too. */
const supportEmail = () => document.body.dataset.support ?? ''
const vendorName = () => document.body.dataset.vendor ?? ''

/** The page's language; the browser's where not even the page's frame came to be. */
const spoken = () => document.documentElement.lang || navigator.language
