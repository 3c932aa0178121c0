import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium } from '@playwright/test'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { browserOptions, browserPath } from './browser'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'browsers-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function program(name: string, exitCode: number) {
  const file = path.join(folder, name)
  writeFileSync(file, `#!/bin/sh\nexit ${exitCode}\n`)
  chmodSync(file, 0o755)
  return file
}

test('what is called a browser and does not start is none: the next one is taken', () => {
  program('chromium', 1)
  const good = program('chrome', 0)
  vi.stubEnv('PATH', folder)
  vi.stubEnv('CHROMIUM_PATH', '')
  expect(browserPath()).toBe(good)
})

test('one without windows is taken before one that has them', () => {
  program('google-chrome', 0)
  const shell = program('chromium-headless-shell', 0)
  vi.stubEnv('PATH', folder)
  vi.stubEnv('CHROMIUM_PATH', '')
  expect(browserPath()).toBe(shell)
})

test.skipIf(process.getuid?.() !== 0)(
  'CI fetches the one without windows, and does without where it cannot',
  () => {
    const chromium = program('chromium', 0)
    vi.stubEnv('PATH', folder)
    vi.stubEnv('CHROMIUM_PATH', '')
    vi.stubEnv('CI', 'true')
    const apt = program('apt-get', 1)
    expect(browserPath()).toBe(chromium)
    const shell = path.join(folder, 'chromium-headless-shell')
    writeFileSync(apt, `#!/bin/sh\necho '#!/bin/sh' > ${shell}\n/bin/chmod 755 ${shell}\n`)
    vi.stubEnv('CI', '')
    expect(browserPath()).toBe(chromium)
    vi.stubEnv('CI', 'true')
    expect(browserPath()).toBe(shell)
  },
)

test('a browser that is named and is no program is told', () => {
  vi.stubEnv('CHROMIUM_PATH', path.join(folder, 'none'))
  expect(() => browserPath()).toThrow('CHROMIUM_PATH names no program')
})

test('what Playwright turns off in the browser stays off, and no window loads pages for an address bar', async () => {
  const { args = [] } = browserOptions()
  // What ends at once is told with all that it was started with.
  const told = await chromium.launch({ executablePath: program('chrome', 0), args }).catch(String)
  const lists = [...String(told).matchAll(/--disable-features=(\S+)/g)].map(([, list = '']) =>
    list.split(','),
  )
  const [playwrights = [], ours = []] = lists
  expect(playwrights.length).toBeGreaterThan(5)
  expect(ours).toEqual(expect.arrayContaining([...playwrights, 'WebUIOmniboxPopup']))
})
