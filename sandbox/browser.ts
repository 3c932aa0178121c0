import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import path from 'node:path'
import { chromium, type LaunchOptions } from '@playwright/test'

// Those without windows first: a page costs them half as much of the processor's time.
const withoutWindows = ['chromium-headless-shell', 'chrome-headless-shell']
const names = [
  ...withoutWindows,
  'google-chrome-stable',
  'google-chrome',
  'chromium',
  'chromium-browser',
  'chrome',
]

const macApplications = ['Google Chrome', 'Chromium'].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
)

/**
 * The browser of this machine. Where there is none, one is installed: Playwright's own, or, for root on Debian and its
 * kin, the distribution's.
 * @throws when there is no browser and none can be installed.
 */
export function browserPath(): string {
  return withoutWindowsInCi(findBrowser()) ?? installBrowser()
}

/**
 * Beside Debian's chromium, CI fetches the one without windows, of that same version so that nothing else changes: 64 MB,
 * won back many times. Where it cannot be had, chromium does.
 */
function withoutWindowsInCi(found: string | undefined): string | undefined {
  const isDebians = found !== undefined && path.basename(found) === 'chromium' && mayInstall()
  if (!process.env.CI || process.env.CHROMIUM_PATH || !isDebians) return found
  const version = '$(dpkg-query -W chromium | cut -f2)'
  const install = `apt-get install -y --no-install-recommends chromium-headless-shell=${version}`
  spawnSync('/bin/sh', ['-c', install], { stdio: 'inherit', timeout: 120_000 })
  return findBrowser()
}

const mayInstall = () => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

/** What Playwright turns off itself. The browser hears the last such list alone, which is ours: it says these again. */
const featuresOff = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'msForceBrowserSignIn',
  'msEdgeUpdateLaunchServicesPreferredVersion',
]

/** Two pages of the browser's own, below an address bar that nobody sees: each window would load them, in a process of their own. */
const popups = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup']

/** How Playwright is to start the browser at `CHROMIUM_PATH`, which the global setup has found. */
export function browserOptions(): LaunchOptions {
  const { CHROMIUM_PATH: executablePath } = process.env
  return {
    ...(executablePath ? { executablePath } : {}),
    args: [
      // Chromium's sandbox does not work for root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      // A test talks to the product alone, never to the browser's vendor.
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      `--disable-features=${[...featuresOff, ...popups].join(',')}`,
    ],
  }
}

function findBrowser(): string | undefined {
  const wanted = process.env.CHROMIUM_PATH
  if (wanted) {
    if (isProgram(wanted)) return wanted
    throw new Error(`CHROMIUM_PATH names no program: ${wanted}`)
  }
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const onPath = names.flatMap((name) => folders.map((folder) => path.join(folder, name)))
  return [...onPath, '/opt/google/chrome/chrome', ...macApplications, chromium.executablePath()].find(
    (file) => isProgram(file) && starts(file),
  )
}

/** A distribution's chromium may be a program that says to install another; a download may lack libraries. */
const starts = (file: string) => spawnSync(file, ['--version'], { timeout: 30_000 }).status === 0

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function installBrowser(): string {
  const tried: string[] = []
  const run = (command: string, ...args: string[]) => {
    process.stdout.write(`No browser found. Trying: ${command} ${args.join(' ')}\n`)
    tried.push(`${command} ${args.join(' ')}`)
    // A download that hangs must not hang the tests.
    const { status } = spawnSync(command, args, { stdio: 'inherit', timeout: 300_000 })
    return status === 0
  }
  if (run(process.execPath, 'node_modules/@playwright/test/cli.js', 'install', 'chromium')) {
    const own = chromium.executablePath()
    if (isProgram(own) && starts(own)) return own
  }
  if (mayInstall()) {
    run('apt-get', 'update')
    // Debian's kin may have the one or the other.
    const install = ['install', '-y', '--no-install-recommends']
    if (!run('apt-get', ...install, 'chromium-headless-shell')) run('apt-get', ...install, 'chromium')
    const installed = findBrowser()
    if (installed) return installed
  }
  throw new Error(
    `The browser tests need Chrome or Chromium, and none could be installed. Tried:\n${tried
      .map((line) => `  ${line}`)
      .join('\n')}\nInstall one, or name it: CHROMIUM_PATH=/path/to/chromium npm test`,
  )
}
