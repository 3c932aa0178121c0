'use client'

import { useEffect } from 'react'

/** Arrow keys, Home and End in every open `.menu`; one listener for the page, mounted once in the root layout. */
export function PopoverKeys() {
  useEffect(() => {
    document.addEventListener('keydown', moveFocus)
    return () => document.removeEventListener('keydown', moveFocus)
  }, [])
  return null
}

function moveFocus(event: KeyboardEvent) {
  const from = document.activeElement
  if (!(from instanceof HTMLElement)) return
  const id = from.getAttribute('popovertarget')
  let menu = from.closest<HTMLElement>('.menu')
  if (event.key === 'ArrowDown' && id) {
    menu = document.getElementById(id)
    if (!menu?.matches('.menu')) return
    // A click, not showPopover(): it makes the button the menu's anchor.
    if (!menu.matches(':popover-open')) from.click()
  }
  if (!menu || (!id && from instanceof HTMLInputElement)) return
  const items = [...menu.querySelectorAll<HTMLElement>('a[href], button')]
  const at = items.indexOf(from)
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key]
  if (to === undefined) return
  event.preventDefault()
  items.at(to % items.length)?.focus()
}
