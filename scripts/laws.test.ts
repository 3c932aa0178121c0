import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { literalsOf } from './literals'

/*
 * Laws that no rule of Biome can say: each is a question to the text of the sources. The examples below it are breaches,
 * so that it is known to see them.
 */
const root = path.join(import.meta.dirname, '..')

/** What the product is made of, with the text of each file. */
const product: [file: string, text: string][] = ['app', 'components', 'db', 'key-service', 'lib']
  .filter((folder) => existsSync(path.join(root, folder)))
  .flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join(folder, name),
    ),
  )
  .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
  .map((file) => [file, readFileSync(path.join(root, file), 'utf8')])

interface Law {
  in: RegExp
  /** Where it may be done, and why it may. */
  except: Record<string, string>
  breach: RegExp
  examples: string[]
}

const laws: Record<string, Law> = {
  'no network call in a transaction: lib calls nobody but the mail server': {
    in: /^(lib|db)\//,
    except: {
      'lib/mail/send.ts': 'sends, called by jobs alone',
      'lib/env.ts': 'reads addresses',
      'lib/network.ts': 'reads addresses',
      'lib/answer.ts': 'knows the type of an answer',
    },
    breach:
      /(?:from|import|require)\s*\(?\s*['"](?:(?:node:)?(?:https?|http2|net|tls|dns|dgram)(?:\/promises)?|nodemailer|undici|axios|got|ws)['"]|(?<![\w.])(?:globalThis\.)?(?:fetch|XMLHttpRequest|WebSocket|EventSource)\s*\(/,
    examples: [
      `await fetch('https://api.stripe.com/v1/refunds')`,
      `globalThis.fetch(address)`,
      `import nodemailer from 'nodemailer'`,
      `import { createTransport } from "nodemailer"`,
      `import { get } from 'node:https'`,
      `import { request } from 'http'`,
      `import { connect } from 'node:net'`,
      `import { lookup } from 'node:dns/promises'`,
      `const { get } = await import('node:https')`,
      `new WebSocket('wss://x.example')`,
    ],
  },
  'a page shows a moment in the time zone of who looks: the same act has one time everywhere': {
    in: /^app\//,
    except: {},
    breach: /\bmoment\([^()]*\borganization\.timeZone/,
    examples: [
      'moment(endedAt, language, organization.timeZone)',
      'moment(at, t.language, visit.organization.timeZone)',
    ],
  },
  'a mail is sent by a job, which the worker alone runs': {
    // A job has the name of what it sends.
    in: /^(app|components|lib|key-service)\/(?!.*\/send-[\w-]+\.ts$)/,
    except: { 'lib/jobs/worker.ts': 'runs the jobs' },
    breach: /'(?:@\/lib\/mail|\.)\/send'|'(?:@\/lib\/\w+|\.)\/send-[\w-]+'/,
    examples: [
      `import { sendMail } from '@/lib/mail/send'`,
      `import { sendSignIn } from '@/lib/people/send-sign-in'`,
      `import { sendInvitation } from './send-invitation'`,
    ],
  },
  'whose data: only the door sets a scope': {
    in: /^(app|components|lib|key-service)\//,
    except: {},
    breach: /latchkey\.(?:scope|organization_id)|set_config\s*\(/,
    examples: [
      `pool().query("begin; set local latchkey.scope = 'system'; delete from keys")`,
      'await tx.execute(sql`set local latchkey.scope = system`)',
      'await tx.execute(sql`select set_config(name, value, true)`)',
    ],
  },
  'whose data: a connection of one’s own only for what belongs to nobody': {
    in: /^(app|components|lib|key-service)\//,
    except: {
      'app/api/ready/route.ts': 'asks which migrations are applied',
      'key-service/deadline.ts': 'asks when the database last answered, and nothing of it',
      'key-service/main.ts': 'opens the key service’s pool',
      'lib/activations/facts.ts': 'asks definer functions, outside any transaction',
      'lib/activations/history.ts': 'hands a definer function what gathered',
      'lib/jobs/worker.ts': 'opens the worker’s pool',
      'lib/jobs/lasting-client.ts': 'is what that pool is made of',
      'lib/organizations/token.ts': 'asks a definer function whose a token is',
      'lib/jobs/presence.ts': 'holds a lock for as long as the worker lives',
      'lib/limits.ts': 'counts, outside transactions',
      'lib/payments/receive-event.ts': 'stores an event in one statement, outside any transaction',
      'lib/payments/work-events.ts': 'takes events, outside any transaction',
      'lib/people/session.ts': 'asks a definer function who holds a cookie',
      'lib/start.ts': 'checks the role before anything else',
    },
    breach: /@\/db\/client'|from 'pg'|drizzle-orm\/node-postgres/,
    examples: [
      `import { pool } from '@/db/client'`,
      `import pg from 'pg'`,
      `import { drizzle } from 'drizzle-orm/node-postgres'`,
    ],
  },
  'what time it is, the clock says, and a rule is told': {
    in: /^(app|lib|key-service)\//,
    except: {
      'lib/clock.ts': 'is the clock',
      'lib/ids.ts': 'begins an ID with the time',
      'key-service/clients/typescript/time.ts': 'is the clock of whoever copies it, who has no other',
      'lib/jobs/clean-up.ts': 'clears the limits, which count by their library’s own time',
    },
    breach:
      /new Date\(\s*\)|Date\.now\s*\(|\bDate\(\s*\)|performance\.now|Temporal\.Now|sql`[^`]*\b(?:now\(\)|current_timestamp|clock_timestamp)/,
    examples: [
      'const today = new Date()',
      'export const isOver = (key: Key) => key.endsAt < Date.now()',
      'Temporal.Now.instant()',
      'sql`update keys set expires_at = now()`',
    ],
  },
  'doing something goes through a command: a page runs no statement of its own': {
    in: /^(app|components)\//,
    except: {},
    breach:
      /from 'drizzle-orm|\b(?:tx|trx|transaction|database|db|client)\s*\.\s*\w+\s*[(<]|\.execute\s*\(|['"`]\s*(?:insert\s+into|delete\s+from|update\s+\w+\s+set|truncate|merge\s+into)\b/i,
    examples: [
      'await asOrganization(id, (tx) => tx.delete(instances))',
      "asSystem('clear', (all) => all.execute('delete from instances'))",
      "const statement = 'delete from instances where id = $1'",
      "import { sql } from 'drizzle-orm'",
    ],
  },
}

for (const [name, law] of Object.entries(laws)) {
  test(name, () => {
    expect(law.examples.filter((example) => !law.breach.test(example))).toEqual([])
    const asked = product.filter(([file]) => law.in.test(file))
    expect(asked.length).toBeGreaterThan(10)
    const found = asked.filter(([, text]) => law.breach.test(text)).map(([file]) => file)
    // Also an exception that is no longer needed is one too many.
    expect(found.sort()).toEqual(Object.keys(law.except).sort())
  })
}

const twoWords = /\p{L}{2,}(?:[’']\p{L}+)?[,;:]?[ \u00a0\u202f]+\p{L}/u
const spokenNames = /\b(?:title|description|label|message|placeholder|alt|summary|heading)\s*[:=]\s*\{?\s*$/
/** Errors that are bugs, and the log, are not for people; a class is a word of the style sheet. */
const notForPeople = /new \w*Error\($|\blog\.\w+\((?:\{[^}]*\}, )?$|class(?:Name)?\b.*$/

/** The sentences of a source that its reader would see in one language alone. */
function sentences(text: string): string[] {
  return literalsOf(text)
    .filter(({ before }) => !notForPeople.test(before))
    .filter(
      ({ text, before }) =>
        (twoWords.test(text) &&
          (/^\p{Lu}/u.test(text) || /[.…!?]$/.test(text) || text.trim().split(/\s+/).length > 2)) ||
        (spokenNames.test(before) && /^\p{Lu}\p{Ll}/u.test(text)),
    )
    .map(({ text }) => text)
}

test.each([
  ["export const x = <p>{'Nothing is here…'}</p>", 'Nothing is here…'],
  ["const x = ready ? 'Your key is ready' : 'Please wait'", 'Your key is ready'],
  [`const x = <p>{\`You have \${count} keys\`}</p>`, 'You have … keys'],
  ["export const metadata = { title: 'Not found' }", 'Not found'],
  ["export const metadata = { title: 'Keys' }", 'Keys'],
  ["return { status: 'done', message: 'Your key was copied', data: null }", 'Your key was copied'],
  ["const x = 'your key was copied'", 'your key was copied'],
  ["const x = list.map((one) => one.replace(/['\"]/g, '')).join() || 'Rien à voir ici'", 'Rien à voir ici'],
  ['// it’s a comment\nconst x = "Look here"', 'Look here'],
])('%s holds a sentence that nobody translates', (source, sentence) => {
  expect(sentences(source)).toContain(sentence)
})

test.each([
  "'use server'",
  `<p className="muted small quiet">{t('keys.title')}</p>`,
  "throw new Error('revealKeys answers for each key or throws')",
  "log.error({ err: error }, 'an export was cut off')",
  '// A comment with words in it.',
  'const x = total / count / 2',
])('%s holds none', (source) => {
  expect(sentences(source)).toEqual([])
})

/** For operators and for those who make the project. */
const notShown = ['app/api/ready/route.ts', 'components/ui/make-icons.ts']

test('no sentence for people stands outside messages/, in whatever literal', () => {
  const shown = product.filter(([file]) => /^(app|components)\//.test(file) && !notShown.includes(file))
  const found = shown.flatMap(([file, text]) => sentences(text).map((sentence) => `${file}: ${sentence}`))
  expect(found).toEqual([])
  expect(shown.flatMap(([, text]) => literalsOf(text)).length).toBeGreaterThan(1_000)
})

/** The tests of a file whose title names a row of what must be shown and that say no number of trials, there or when run. */
function withoutNumber(text: string): string[] {
  const title = /\n\s*test(?:\.\w+)?(?:\([^'"`]*\))?\(\s*(['"`])((?:\[[A-Z]\d+\] ?)+)(.*?)\1,/g
  const starts = [...text.matchAll(title)]
  return starts.flatMap((start, index) => {
    const [whole, , , said = ''] = start
    const body = text.slice(start.index + whole.length, starts[index + 1]?.index)
    // Of a table each row is a trial.
    return /\d|\$\{|%s/.test(said) || /\[[A-Z]\d+\]|\b(?:report|expectRefused)\(/.test(body) ? [] : [said]
  })
}

test('each test of a row of what must be shown says how many trials it made', () => {
  const example = "\ntest('[Z1] nobody may', () => {})\ntest('[Z2] nor they', () => console.log(`[Z2] 3`))"
  expect(withoutNumber(`${example}\ntest('[Z3] (5 times)', () => {})`)).toEqual(['nobody may'])
  const files = ['app', 'components', 'db', 'e2e', 'lib', 'sandbox', 'scripts'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && name !== 'laws.test.ts')
      .map((name) => path.join(folder, name)),
  )
  const found = files.flatMap((file) =>
    withoutNumber(readFileSync(path.join(root, file), 'utf8')).map((title) => `${file}: ${title}`),
  )
  expect(found).toEqual([])
})
