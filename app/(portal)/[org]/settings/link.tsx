import type { ReactNode } from 'react'

/** For the tag of a message that stands around the settings: `<link>settings</link>`. */
export const settingsLink = (slug: string) => (chunks: ReactNode) => (
  <a className="link" href={`/${slug}/settings`}>
    {chunks}
  </a>
)
