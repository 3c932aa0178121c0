'use client'

import { useState, useSyncExternalStore } from 'react'
import { copyBySelection } from './clipboard'
import { Button } from './ui/button'

/** Puts a text that the page shows on the clipboard, and says so. Not there without JavaScript, where it could do nothing. */
export function CopyButton({
  text,
  labels,
}: {
  text: string
  labels: Record<'copy' | 'copied' | 'onClipboard' | 'byHand', string>
}) {
  const [copied, setCopied] = useState<boolean | null>(null)
  const works = useSyncExternalStore(
    () => () => {},
    () => true,
    () => false,
  )
  if (!works) return null
  const copy = async () => {
    // Refused, or missing on plain HTTP: then the older way may still do.
    const written = navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    )
    setCopied((await written) || copyBySelection(text))
  }
  return (
    <>
      <Button
        type="button"
        variant={copied ? undefined : 'primary'}
        icon={copied ? 'check' : 'copy'}
        onClick={copy}
      >
        {copied ? labels.copied : labels.copy}
      </Button>
      <span className={copied ? 'sr-only' : undefined} role="status">
        {copied !== null && (copied ? labels.onClipboard : labels.byHand)}
      </span>
    </>
  )
}
