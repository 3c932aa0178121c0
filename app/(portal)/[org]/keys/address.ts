import { isId } from '@/lib/ids'
import type { KeyFilter } from '@/lib/keys/filter'
import { findKeys, lastFour } from '@/lib/keys/format'
import { mistypedKey } from '@/lib/keys/mistyped'
import { type Cursor, type KeySort, keySorts } from '@/lib/keys/queries'
import { keyStates } from '@/lib/keys/rules'

export type SearchParams = Record<string, string | string[] | undefined>

/** What the address of the list says: its filter, order and page. Anything malformed counts as not said. */
export interface KeysAddress {
  search: string
  state: KeyFilter['state']
  productId: string | undefined
  instanceId: string | undefined
  sort: KeySort
  cursor: Cursor | undefined
}

export function parseAddress(params: SearchParams): KeysAddress {
  const one = (name: string) => {
    const value = params[name]
    // Postgres stores no NUL in a text.
    return ((Array.isArray(value) ? value[0] : value) ?? '').slice(0, 300).replaceAll('\0', '')
  }
  const idOf = (name: string) => (isId(one(name)) ? one(name) : undefined)
  const states: readonly KeyFilter['state'][] = [...keyStates, 'waiting', 'all', 'current']
  const search = one('q').trim()
  const sort = keySorts.find((name) => name === one('sort')) ?? 'until'
  return {
    search,
    // Whoever searches a key by its name wants it found, ended or not.
    state: states.find((state) => state === one('state')) ?? (search ? 'all' : 'current'),
    productId: idOf('product'),
    instanceId: idOf('instance'),
    sort,
    cursor: parseCursor(one('after'), 'after', sort) ?? parseCursor(one('before'), 'before', sort),
  }
}

/** The list's address with some of it changed; the page is the first again unless it is what changes. */
export function keysHref(
  slug: string,
  address: KeysAddress,
  change: Partial<KeysAddress> = {},
  path = '',
): string {
  const to = { ...address, cursor: undefined, ...change }
  const query = new URLSearchParams()
  const add = (name: string, value: string | undefined) => {
    if (value) query.set(name, value)
  }
  add('q', to.search)
  add('state', to.state === (to.search ? 'all' : 'current') ? undefined : to.state)
  add('product', to.productId)
  add('instance', to.instanceId)
  add('sort', to.sort === 'until' ? undefined : to.sort)
  if (to.cursor) add(to.cursor.direction, `${to.cursor.id}~${to.cursor.value}`)
  const text = query.toString()
  return `/${slug}/keys${path}${text ? `?${text}` : ''}`
}

/**
 * Where a key leads that was typed into a search box, or into an address, which must not hold it: to the list of keys,
 * searched by the key's last four characters. Null where no key was typed.
 */
export function typedKeyHref(slug: string, address: KeysAddress): string | null {
  const [key] = findKeys(address.search)
  if (key) return keysHref(slug, { ...address, search: lastFour(key) })
  const mistyped = mistypedKey(address.search)
  return mistyped && `/${slug}/keys?${new URLSearchParams(mistyped)}`
}

function parseCursor(text: string, direction: Cursor['direction'], sort: KeySort): Cursor | undefined {
  const [id = '', ...rest] = text.split('~')
  const value = rest.join('~')
  const possible = sort !== 'until' || value === 'Infinity' || /^-?\d{1,11}(\.\d{1,6})?$/.test(value)
  return isId(id) && possible ? { direction, id, value } : undefined
}
