import { AxeBuilder } from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'

/** What axe finds wrong with a page as it stands: each rule, with the places that break it. */
export async function axeFindings(page: Page): Promise<string[]> {
  // No page of ours has frames: axe is asked at once, and not frame by frame and then in a page of its own.
  const axe = new AxeBuilder({ page }).setLegacyMode()
  // What is in order need not be listed place by place.
  const { violations } = await axe.options({ resultTypes: ['violations'] }).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** By how many pixels the page is wider than its window, so that one would have to scroll it sideways. */
export const tooWide = (page: Page) =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth))

/** Of each badge that is to be seen: its words, on how many lines, how far it stands out of what is around it, and which of its words are cut. */
export const badgesOf = (place: Locator) =>
  place.locator('.state:visible').evaluateAll((badges) =>
    badges.map((badge) => {
      const range = document.createRange()
      const walker = document.createTreeWalker(badge, NodeFilter.SHOW_TEXT)
      const tops = new Set<number>()
      const cut: string[] = []
      for (let node = walker.nextNode(); node; node = walker.nextNode())
        for (const { 0: word, index } of (node.textContent ?? '').matchAll(/\S+/g)) {
          range.setStart(node, index)
          range.setEnd(node, index + word.length)
          const boxes = [...range.getClientRects()]
          for (const box of boxes) tops.add(Math.round(box.top))
          if (boxes.length > 1) cut.push(word)
        }
      const around = badge.parentElement?.getBoundingClientRect().right ?? 0
      const beyond = Math.max(0, Math.round(badge.getBoundingClientRect().right - around))
      return { words: badge.textContent ?? '', lines: tops.size, beyond, cut }
    }),
  )

/** On how many lines each place of the page shows this name, and whether its whole is said where it is cut. */
export const linesOfName = (page: Page, name: string) =>
  page.evaluate((whole) => {
    const places: { place: string; lines: number; titled: boolean }[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = (node.textContent ?? '').indexOf(whole)
      const parent = node.parentElement
      if (at < 0 || !parent?.checkVisibility() || parent.closest('option, script, .sr-only')) continue
      const range = document.createRange()
      range.setStart(node, at)
      range.setEnd(node, at + whole.length)
      const clips: DOMRect[] = []
      for (let one: Element | null = parent; one; one = one.parentElement)
        if (getComputedStyle(one).overflow !== 'visible') clips.push(one.getBoundingClientRect())
      const shown = [...range.getClientRects()].filter(({ top, height }) =>
        clips.every((clip) => top + height / 2 > clip.top && top + height / 2 < clip.bottom),
      )
      places.push({
        place: `${parent.tagName} ${parent.className} in ${parent.parentElement?.tagName} ${parent.parentElement?.className}`,
        lines: new Set(shown.map(({ top }) => Math.round(top))).size,
        titled: [...document.querySelectorAll('[title]')].some(
          (one) => one.contains(node) && one.getAttribute('title')?.includes(whole),
        ),
      })
    }
    return places
  }, name)

/** Surfaces of a page that stand one below the other with no room between them. */
export const touching = (page: Page) =>
  page.evaluate(() => {
    const kinds = '.panel, .notice, .btn, .input, .filters'
    const all = [...document.querySelectorAll(`main :is(${kinds})`)].filter((one) => one.checkVisibility())
    const found: string[] = []
    for (const upper of all)
      for (const lower of all) {
        if (upper.contains(lower) || lower.contains(upper)) continue
        const [above, below] = [upper.getBoundingClientRect(), lower.getBoundingClientRect()]
        const beside = Math.min(above.right, below.right) - Math.max(above.left, below.left) < 4
        const gap = below.top - above.bottom
        if (!beside && gap > -4 && gap < 3.5) found.push(`${upper.className} | ${lower.className}: ${gap}`)
      }
    return found
  })
