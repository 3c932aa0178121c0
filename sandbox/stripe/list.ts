import type Stripe from 'stripe'
import { invalid } from './failure'

interface Pages {
  limit?: number | undefined
  starting_after?: string | undefined
  ending_before?: string | undefined
}

interface Span {
  gt?: number | undefined
  gte?: number | undefined
  lt?: number | undefined
  lte?: number | undefined
}

/**
 * One page of what there is, the newest first.
 * @param rows all of them, in the order in which they are shown
 */
export function pageOf<T extends { id: string }>(
  rows: readonly T[],
  pages: Pages,
  url: string,
): Stripe.ApiList<T> {
  const limit = pages.limit ?? 10
  const { starting_after: after, ending_before: before } = pages
  if (after && before)
    throw invalid('You may only specify one of these parameters: ending_before, starting_after.')
  if (before) {
    const end = placeOf(rows, before, 'ending_before')
    const start = Math.max(0, end - limit)
    return { object: 'list', data: rows.slice(start, end), has_more: start > 0, url }
  }
  const start = after ? placeOf(rows, after, 'starting_after') + 1 : 0
  return {
    object: 'list',
    data: rows.slice(start, start + limit),
    has_more: start + limit < rows.length,
    url,
  }
}

function placeOf(rows: readonly { id: string }[], id: string, param: string): number {
  const place = rows.findIndex((row) => row.id === id)
  if (place < 0) throw invalid(`No such object: '${id}'`, param, 'resource_missing')
  return place
}

/** A list that is a part of another object: its first ten. */
export const partOf = <T extends { id: string }>(rows: readonly T[], url: string) => pageOf(rows, {}, url)

export function within(moment: number, span: Span | undefined): boolean {
  if (!span) return true
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = span
  return moment > gt && moment >= gte && moment < lt && moment <= lte
}
