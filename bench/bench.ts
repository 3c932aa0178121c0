import '@/sandbox/node-version'
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { measureBesidePages } from '@/bench/beside-pages'
import { measureKeys } from '@/bench/keys'
import { type Effort, loadPage, look, type Sample, wrongIn } from '@/bench/measure'
import { fetchPage, keysIn, type Page, scriptBytes, statementsOf } from '@/bench/page'
import { measurePayments } from '@/bench/payments'
import { aKeyOf, type Bench, heap, signIn, startBench } from '@/bench/product'
import { measureRenewals } from '@/bench/renewals'
import { aims, type Figures, pageTable, ratioTable } from '@/bench/report'
import { measureSizes } from '@/bench/sizes'
import { activateSome, startService } from '@/bench/used-keys'
import { benchStaff } from '@/bench/world'

/*
 * `npm run bench`: how fast the pages are beside a bare Next page with the same rows, the key service beside a bare server,
 * and what Stripe tells beside a bare route. Each round asks everything in turn, so that what else the machine does falls on
 * all of it. Figures decide nothing here; wrong answers end it with 1.
 */
const usage = `Usage: npm run bench -- [--only pages] [--rounds 5] [--seconds 2] [--renewals 10000] [--quick] [--node-options=--cpu-prof]
  --only          pages, keys, payments, or renewals of these: the one without the others
  --seconds       how long each thing is asked in each round
  --renewals      so many subscriptions renew on one day; --quick: 500
  --node-options  for the web process beside its ${heap} MB of heap, such as --cpu-prof`

const print = (line: string) => process.stdout.write(`${line}\n`)

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    renewals: { type: 'string', default: '10000' },
    quick: { type: 'boolean' },
    only: { type: 'string' },
    'node-options': { type: 'string' },
    help: { type: 'boolean' },
  },
})

const renewals = values.quick ? 500 : Number(values.renewals)
const effort: Effort = { rounds: Number(values.rounds), seconds: Number(values.seconds) }

async function pagesOf(bench: Bench): Promise<Page[]> {
  const large = await signIn(bench.postgres, 'owner@grand-groupe.example')
  const middle = await signIn(bench.postgres, 'owner@customer-0001.example')
  const small = await signIn(bench.postgres, 'owner@petite-mairie.example')
  const staff = await signIn(bench.postgres, benchStaff)
  const { portalUrl, bareUrl } = bench
  const search = (what: string, text: string, expected: string) => ({
    name: `search, ${what}`,
    url: `${portalUrl}/staff?${new URLSearchParams({ q: text })}`,
    cookie: staff,
    expected,
  })
  const key = await aKeyOf(bench, 'petite-mairie')
  return [
    { name: 'bare page', url: `${bareUrl}/grand-groupe/keys`, cookie: large },
    { name: 'bare page, 10', url: `${bareUrl}/petite-mairie/keys`, cookie: small },
    { name: 'keys, 10,000', url: `${portalUrl}/grand-groupe/keys`, cookie: large },
    { name: 'keys, 190', url: `${portalUrl}/customer-0001/keys`, cookie: middle },
    { name: 'keys, 10', url: `${portalUrl}/petite-mairie/keys`, cookie: small },
    { name: 'overview, 10,000', url: `${portalUrl}/grand-groupe`, cookie: large },
    { name: 'overview, 10', url: `${portalUrl}/petite-mairie`, cookie: small },
    {
      name: 'trials, 2,000',
      url: `${portalUrl}/grand-groupe/trials`,
      cookie: large,
      expected: '</tbody>',
    },
    {
      name: 'activity, long',
      url: `${portalUrl}/grand-groupe/activity`,
      cookie: large,
      expected: '</tbody>',
    },
    {
      name: 'activity, short',
      url: `${portalUrl}/petite-mairie/activity`,
      cookie: small,
      expected: '</tbody>',
    },
    search('name', 'petite', 'Petite Mairie'),
    search('address', new URL(key.url).host, 'Petite Mairie'),
    search('short ID', key.shortId, key.shortId),
    search('last four', key.lastFour, key.shortId),
  ]
}

/** What one answer tells. @throws when the bare page and the keys page do not list the same keys. */
async function inspect(pages: Page[], bench: Bench): Promise<Figures[]> {
  const figures: Figures[] = []
  const listed = new Map<string, string>()
  for (const page of pages) {
    const html = await fetchPage(page)
    const ids = keysIn(html)
    const ofBare = page.url.startsWith(bench.bareUrl)
    listed.set(page.name, ids.slice(0, 50).join(' '))
    figures.push({
      page,
      // The last line of the list; where there is none, the last instance.
      expected:
        page.expected ??
        ids.at(-1) ??
        html.match(/\/instances\/[\da-f-]{36}/g)?.at(-1) ??
        'no key and no instance',
      statements: await statementsOf(page, bench),
      script: await scriptBytes(html, ofBare ? bench.bareUrl : bench.portalUrl),
      html: html.length,
      busy: [],
      alone: [],
    })
  }
  const ofBarePage = listed.get('bare page')
  if (!ofBarePage || ofBarePage !== listed.get('keys, 10,000'))
    throw new Error('The bare page and the keys page list other keys.')
  return figures
}

async function measure(figures: Figures[], bench: Bench) {
  const { rounds, seconds } = effort
  const ask = ({ page, expected }: Figures, connections: number, time: number): Promise<Sample> => {
    const server = page.url.startsWith(bench.bareUrl) && bench.bare ? bench.bare : bench.web
    return loadPage({ ...page, expected, connections, seconds: time }, server)
  }
  for (const figure of figures) await ask(figure, 16, 3)
  for (let round = 0; round < rounds; round++) {
    print(`Round ${round + 1} of ${rounds} …`)
    // There and back, so that no page always follows the same one.
    for (const figure of round % 2 ? figures.toReversed() : figures) {
      figure.busy.push(await ask(figure, 16, seconds))
      figure.alone.push(await ask(figure, 1, seconds))
    }
  }
}

async function main() {
  const asked = (part: string) => !values.only || values.only === part
  const wrong: string[] = []
  if (asked('pages') || asked('keys')) {
    const nodeOptions = values['node-options']
    const bench = await startBench({ withBare: asked('pages'), nodeOptions, print })
    try {
      if (asked('pages')) wrong.push(...(await measurePages(bench)))
      if (asked('keys')) wrong.push(...(await measureKeyService(bench)))
    } finally {
      await bench.stop()
    }
  }
  if (asked('payments')) wrong.push(...(await measurePayments(effort, print)))
  if (values.only === 'renewals') wrong.push(...(await measureRenewals(renewals, print)))
  else if (asked('payments')) wrong.push(...renewalsByThemselves())
  for (const line of wrong) print(`wrong answers of ${line}`)
  return wrong.length === 0 ? 0 : 1
}

/** In a process of their own: one process knows one database and one address of Stripe. */
function renewalsByThemselves(): string[] {
  const only = ['--only', 'renewals', '--renewals', String(renewals)]
  const { status } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, ...only], {
    stdio: 'inherit',
  })
  return status === 0 ? [] : ['renewals, which said above what']
}

async function measurePages(bench: Bench): Promise<string[]> {
  const atRest = look(bench.web.pid).resident
  const figures = await inspect(await pagesOf(bench), bench)
  await measure(figures, bench)
  for (const table of [pageTable(figures), ratioTable(figures), aims(figures, atRest)]) {
    print('')
    table.forEach(print)
  }
  return wrongIn(new Map(figures.map(({ page, busy, alone }) => [page.name, [...busy, ...alone]])))
}

async function measureKeyService(bench: Bench): Promise<string[]> {
  Object.assign(process.env, bench.env)
  const service = await startService(bench, 'latchkey', print)
  const wrong: string[] = []
  const used = await activateSome(bench, service.url)
  try {
    const asked = { url: service.url, used }
    wrong.push(...(await measureKeys(bench, asked, effort, print)))
    wrong.push(...(await measureBesidePages(bench, asked, effort, print)))
  } finally {
    await service.stop()
  }
  return [...wrong, ...(await measureSizes(bench, used, effort, print))]
}

if (values.help) print(usage)
else process.exit(await main())
