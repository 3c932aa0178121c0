import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll } from 'vitest'

/*
 * The two programs of docs/verify-a-lease.md, taken out of it and run as they stand there.
 */
const root = path.join(import.meta.dirname, '../..')
const document = readFileSync(path.join(root, 'docs/verify-a-lease.md'), 'utf8')
const reports = path.join(root, '.reports')
mkdirSync(reports, { recursive: true })
// Where `jose` is found from, and git looks away.
const folder = mkdtempSync(path.join(reports, 'verify-a-lease-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The programs of a language in the document: the whole one, and the lines that use it. */
const programsIn = (language: string) =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text)

/** The first program of a language in the document, as a file. */
function programIn(language: string, name: string): string {
  const [program] = programsIn(language)
  if (!program) throw new Error(`docs/verify-a-lease.md has no program in ${language}`)
  const file = path.join(folder, name)
  writeFileSync(file, program)
  return file
}

/** A lease or a verdict as a plugin looks at it, and what it expects of it, by the names of the PHP program. */
export interface Presented {
  lease: string
  keySet: string
  expected: Record<string, string | number>
  now: number
  typ: string
}
/** The state of the lease or the code of the verdict that a program finds; or `refused`. */
export type Answer = string

const { verifyLease, verifyVerdict, NotALease } = await import(programIn('ts', 'verify.ts'))

/** What the TypeScript program says. @throws whatever else it throws, which is a fault of its own */
export async function inTypeScript({ lease, keySet, expected, now, typ }: Presented): Promise<Answer> {
  const { installation_id: installationId, key_set_version: keySetVersion, ...rest } = expected
  try {
    const named = { ...rest, installationId, keySetVersion }
    if (typ === 'verdict+jwt') return (await verifyVerdict(lease, keySet, named, now)).code
    return (await verifyLease(lease, keySet, named, now, typ)).state
  } catch (error) {
    if (error instanceof NotALease) return 'refused'
    throw error
  }
}

/** What the PHP program says, in one process for all. @throws what it prints of faults and warnings */
export function inPhp(php: string, presented: readonly Presented[]): Answer[] {
  const driver = `require ${JSON.stringify(programIn('php', 'verify.php'))};
    set_error_handler(function ($level, $message) { throw new ErrorException($message); });
    foreach (json_decode(stream_get_contents(STDIN), true) as $one) {
      try {
        $given = [$one['lease'], $one['keySet'], $one['expected'], $one['now']];
        $answers[] = $one['typ'] === 'verdict+jwt'
          ? verifyVerdict(...$given)['code']
          : verifyLease(...array_merge($given, [$one['typ']]))['state'];
      } catch (NotALease $refused) { $answers[] = 'refused'; }
    }
    echo json_encode($answers);`
  const input = JSON.stringify(presented)
  const { stdout, stderr } = spawnSync(php, ['-r', driver], { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (!stdout.startsWith('[')) throw new Error(stdout + stderr)
  // what the driver prints
  return JSON.parse(stdout) as Answer[]
}

/** A text where an offline file, or an answer without a lease, is expected. */
export interface Found {
  as: 'file' | 'answer'
  text: string
}

/**
 * What the lines say of each text that the document has for an offline file and for an answer.
 * @throws whatever they throw but NotALease
 */
export async function linesInTypeScript(given: Presented, found: readonly Found[]): Promise<Answer[]> {
  const [, file = '', answer = ''] = programsIn('ts')
  const head = (lines: string, result: string) =>
    `async ({ body, readFile, keySet, expected, nonce, now }: any) => {\n${lines}\nreturn ${result}\n}`
  const lines = path.join(folder, 'lines.ts')
  writeFileSync(
    lines,
    `import { membersOf, verifyLease, verifyVerdict } from './verify.ts'
    export const file = ${head(file, 'verified.state')}
    export const answer = ${head(answer, 'refused')}`,
  )
  const run = await import(lines)
  const { installation_id: installationId, key_set_version: keySetVersion, nonce, ...rest } = given.expected
  const { keySet, now } = given
  const one = async ({ as, text }: Found): Promise<Answer> => {
    const expected = { ...rest, installationId, keySetVersion }
    try {
      return await run[as]({ body: text, readFile: async () => text, keySet, expected, nonce, now })
    } catch (error) {
      if (error instanceof NotALease) return 'refused'
      throw error
    }
  }
  return Promise.all(found.map(one))
}

/** The same in PHP. @throws what it prints of faults and warnings */
export function linesInPhp(php: string, given: Presented, found: readonly Found[]): Answer[] {
  const [, file = '', answer = ''] = programsIn('php')
  const { nonce, ...expected } = given.expected
  const upload = path.join(folder, 'activation.json')
  const here = (lines: string) =>
    lines.replace(`'activation.json'`, JSON.stringify(upload)).replaceAll('time()', '$now')
  const driver = `require ${JSON.stringify(programIn('php', 'verify.php'))};
    set_error_handler(function ($level, $message) { throw new ErrorException($message); });
    ['found' => $found, 'expected' => $expected, 'nonce' => $nonce, 'keySet' => $keySet, 'now' => $now]
      = json_decode(stream_get_contents(STDIN), true);
    foreach ($found as $one) {
      try {
        if ($one['as'] === 'file') {
          file_put_contents(${JSON.stringify(upload)}, $one['text']);
          ${here(file)}
          $answers[] = $verified['state'];
        } else {
          $body = $one['text'];
          ${here(answer)}
          $answers[] = $refused;
        }
      } catch (NotALease $refusal) { $answers[] = 'refused'; }
    }
    echo json_encode($answers);`
  const input = JSON.stringify({ found, expected, nonce, keySet: given.keySet, now: given.now })
  const { stdout, stderr } = spawnSync(php, ['-r', driver], { input, encoding: 'utf8' })
  if (!stdout.startsWith('[')) throw new Error(stdout + stderr)
  // what the driver prints
  return JSON.parse(stdout) as Answer[]
}
