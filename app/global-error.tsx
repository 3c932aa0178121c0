'use client'

import { Failed } from './failed'
import './globals.css'

/** Where even the frame of all pages failed: this takes its place. */
export default function GlobalError(props: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <html lang={typeof navigator === 'undefined' ? 'en' : navigator.language}>
      <body>
        <Failed {...props} />
      </body>
    </html>
  )
}
