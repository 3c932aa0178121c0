import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/**
 * A PHP with sodium and curl: this machine's or, for root on Debian and its kin, one that is installed.
 * @returns null, loudly, where there is none and none can be had
 * @throws the same in CI, where what it is for must run
 */
export function phpPath(): string | null {
  const { PHP_PATH = 'php', CI } = process.env
  if (hasExtensions(PHP_PATH) || install(PHP_PATH)) return PHP_PATH
  const missing =
    'There is no PHP with sodium and curl here, and what is written in PHP is not tested. Install php-cli and php-curl, or name it: PHP_PATH=/path/to/php'
  if (CI) throw new Error(missing)
  process.stderr.write(`\n${missing}\n\n`)
  return null
}

const hasExtensions = (php: string) =>
  spawnSync(php, ['-r', 'exit(extension_loaded("sodium") && extension_loaded("curl") ? 0 : 1);'], {
    timeout: 30_000,
  }).status === 0

function install(php: string): boolean {
  const installer = '/usr/bin/apt-get'
  if (process.getuid?.() !== 0 || !existsSync(installer)) return false
  // A download that hangs must not hang the tests.
  const run = (...args: string[]) => spawnSync(installer, args, { stdio: 'inherit', timeout: 300_000 })
  run('update')
  run('install', '-y', '--no-install-recommends', 'php-cli', 'php-curl')
  return hasExtensions(php)
}
