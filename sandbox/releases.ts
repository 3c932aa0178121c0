import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { catalogOn } from '@/sandbox/seed/catalog'

/** Made-up archives of all that the seed's catalog has, so that GLPI's marketplace has something to hand out. */
export function makeReleases(folder: string) {
  mkdirSync(folder, { recursive: true })
  // Which day it is changes when something was released, and not what.
  for (const { reference, name, releases = [] } of catalogOn(new Date(0)).products)
    for (const { version } of releases)
      writeFileSync(
        path.join(folder, `${reference}-${version}.tgz`),
        gzipSync(tarOf(`${reference}/README.md`, `${name} ${version}, made up for the demo.\n`)),
      )
}

/** A tar archive of one file. @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar) */
function tarOf(name: string, text: string): Buffer {
  const content = Buffer.from(text)
  const header = Buffer.alloc(512)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o644, 7) + octal(0, 7) + octal(0, 7) + octal(content.length, 11) + octal(0, 11), 100)
  // The sum is made as if its own place held blanks.
  header.write(' '.repeat(8), 148)
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  )
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512)
  return Buffer.concat([header, content, padding, Buffer.alloc(1_024)])
}
