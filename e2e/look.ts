import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'

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
