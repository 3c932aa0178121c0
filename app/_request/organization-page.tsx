import type { Metadata } from 'next'
import type { ReactNode } from 'react'
import NothingHere, { generateMetadata as titleOfNothing } from '@/app/not-found'
import { noteMissing } from '@/lib/answer'
import { NotFound } from '@/lib/errors'

/*
 * Where an organization's page, or what it is about, does not exist, the page says so itself. Next's own notFound()
 * answers 404 with an empty body, which the browser's JavaScript fills.
 */

/** A page of an organization. Where `show` throws NotFound, the answer is 404, with the page of what does not exist. */
export function organizationPage<Props>(show: (props: Props) => Promise<ReactNode>) {
  return (props: Props): Promise<ReactNode> =>
    show(props).catch((error: unknown) => {
      if (!(error instanceof NotFound)) throw error
      noteMissing()
      return <NothingHere />
    })
}

/** Its title, for `generateMetadata`. */
export function organizationTitle<Props>(say: (props: Props) => Promise<string>) {
  return (props: Props): Promise<Metadata> =>
    say(props)
      .then((title) => ({ title }))
      .catch((error: unknown) => {
        if (error instanceof NotFound) return titleOfNothing()
        throw error
      })
}
