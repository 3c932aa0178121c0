import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, test } from 'vitest'
import { isAlive } from '@/sandbox/lock'
import { freePort } from '@/sandbox/ports'
import { startProcess } from '@/scripts/processes'

const node = (name: string, code: string) => ({
  name,
  command: [process.execPath, '-e', code] as [string, ...string[]],
  env: process.env,
})
const forever = 'setInterval(() => {}, 1000);'

test('the output arrives line by line, and the exit with its code', async () => {
  const lines: string[] = []
  const running = startProcess({
    ...node('talker', 'console.log("a\\nb"); process.exitCode = 3'),
    output: (line) => lines.push(line),
  })
  expect(await running.exited).toEqual({ code: 3, signal: null })
  await expect.poll(() => lines).toEqual(['a', 'b'])
})

test('a process is ready when its address answers 200, not before', async () => {
  const port = await freePort()
  const code = `let n = 0; require('http').createServer((_, r) => { r.statusCode = n++ < 2 ? 503 : 200; r.end(String(n)) }).listen(${port}, '127.0.0.1')`
  const readyUrl = `http://127.0.0.1:${port}/`
  const running = startProcess({ ...node('server', code), output: () => {}, readyUrl })
  await running.ready
  expect(await (await fetch(readyUrl)).text()).toBe('4')
  expect(await running.stop()).toEqual({ code: null, signal: 'SIGTERM' })
})

test('a process that ends before it is ready says so at once', async () => {
  const running = startProcess({
    ...node('short', 'process.exit(7)'),
    output: () => {},
    readyUrl: `http://127.0.0.1:${await freePort()}/`,
  })
  await expect(running.ready).rejects.toThrow('short ended before it was ready (exit code 7)')
})

test('one that does not heed the request to stop is killed, with what it has started', async () => {
  const lines: string[] = []
  const code = `process.on('SIGTERM', () => {}); const child = require('child_process').spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {});${forever}']); console.log(child.pid); ${forever}`
  const running = startProcess({ ...node('stubborn', code), output: (line) => lines.push(line) })
  await expect.poll(() => lines).toHaveLength(1)
  expect(await running.stop('SIGTERM', 100)).toEqual({ code: null, signal: 'SIGKILL' })
  await expect.poll(() => isAlive(Number(lines[0]))).toBe(false)
})

test('a child ends with its parent, also when the parent is killed', async () => {
  const code = `
    import { startProcess } from '@/scripts/processes'
    const child = startProcess({ name: 'child', command: [process.execPath, '-e', ${JSON.stringify(forever)}], env: process.env, output: () => {} })
    console.log(child.pid)`
  const parent = spawn(
    process.execPath,
    ['--import', './scripts/typescript.mjs', '--input-type=module', '-e', code],
    {
      cwd: path.resolve(import.meta.dirname, '..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [data] = await once(parent.stdout, 'data')
  const child = Number(String(data))
  expect(isAlive(child)).toBe(true)
  parent.kill('SIGKILL')
  await expect.poll(() => isAlive(child), { timeout: 5_000 }).toBe(false)
})
