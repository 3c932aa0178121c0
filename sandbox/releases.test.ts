import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { makeReleases } from './releases'

test('the demo’s archives can be unpacked into a plugin’s directory, one for each release', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'releases-'))
  try {
    makeReleases(folder)
    const files = readdirSync(folder)
    expect(files.length).toBeGreaterThan(10)
    expect(files).toContain('formspro-3.2.0.tgz')
    const tar = (...how: string[]) => execFileSync('tar', [...how, path.join(folder, 'formspro-3.2.0.tgz')])
    expect(tar('-tzf').toString()).toBe('formspro/README.md\n')
    expect(tar('-xzOf').toString()).toBe('Forms Pro 3.2.0, made up for the demo.\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
