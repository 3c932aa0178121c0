import { execFile, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { productDatabase } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { typescriptClient } from './test-clients'
import { TestPortal } from './test-portal'

const key = `gks1${'q'.repeat(32)}`
const otherKey = `gks1${'p'.repeat(32)}`
const php = phpPath()
const sources = path.join(import.meta.dirname, 'php')
const programs = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.php'),
)

const cleanUp: (() => void)[] = []
afterEach(() => {
  for (const undo of cleanUp.splice(0)) undo()
})

test('the sample plugin has what GLPI asks for', () => {
  const names = ['setup.php', 'hook.php', 'front/config.form.php', 'inc/key.class.php']
  expect(programs).toEqual(expect.arrayContaining(names.map((name) => `example/${name}`)))
})

test.skipIf(!php).each(programs)('%s is PHP, and of no later version than 7.4', (name) => {
  const file = path.join(sources, name)
  const { status, stdout, stderr } = spawnSync(php ?? '', ['-l', file], { encoding: 'utf8' })
  expect([status, stdout + stderr]).toEqual([0, `No syntax errors detected in ${file}\n`])
  // What PHP 8 brought; a PHP 7.4, which would say so itself, is not on every machine.
  const later =
    /\?->|\bmatch\s*\(|\benum\s+\w|\breadonly\s+\w|\bmixed\b|str_(?:contains|starts_with|ends_with)\(|#\[|function[^(]*\([^)]*\|/
  expect(later.exec(readFileSync(file, 'utf8'))?.[0]).toBe(undefined)
})

test('the document for plugin developers names what the state has, and no more', async () => {
  const document = readFileSync(
    path.join(import.meta.dirname, '../../docs/add-key-checks-to-a-plugin.md'),
    'utf8',
  )
  const firstColumn = (heading: string) => {
    const table = document.split(/\n\n/).find((part) => part.startsWith(`| ${heading} `)) ?? ''
    return [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
  }
  const machine = { installationId: 'glpi', wall: 0, steady: null, stored: null, settings: {} }
  const { state } = await typescriptClient().call(new TestPortal(), machine, 'state')
  expect(firstColumn('member').sort()).toEqual(Object.keys(state).sort())
  expect(firstColumn('`mode`')).toEqual(['mode', 'read_only', 'trial_mode', 'disabled'])
  const sample = readFileSync(path.join(sources, 'example/inc/key.class.php'), 'utf8')
  for (const code of firstColumn('`code`').slice(1)) expect(sample).toContain(`'${code}' =>`)
  const refused = firstColumn('`refused`').slice(1)
  for (const because of refused) expect(sample).toContain(`'${because}' =>`)
  for (const file of ['php/Latchkey.php', 'typescript/latchkey.ts'])
    for (const because of refused)
      expect(readFileSync(path.join(import.meta.dirname, file), 'utf8')).toContain(`\`${because}\``)
  // A trial is not renewed: of a key that has ended the portal knows what follows.
  expect(document).not.toMatch(/renew it in the portal/i)
  expect(sample).not.toMatch(/renew it in the portal/i)
  for (const link of document.matchAll(/\]\(\.\.\/([^)]+)\)/g)) {
    expect(existsSync(path.join(import.meta.dirname, '../..', link[1] ?? '')), link[1]).toBe(true)
  }
})

/** A GLPI in small with the sample plugin, for a portal in small. */
async function begin() {
  const portal = new TestPortal()
  // The plugin has the clock of this machine.
  portal.time = Number(spawnSync('date', ['+%s'], { encoding: 'utf8' }).stdout)
  portal.addKey(key)
  await portal.listen()
  portal.issuer = portal.address ?? ''
  cleanUp.push(() => portal.close())
  return { portal, ...(await install(portal.issuer, portal.rootPublicKey)) }
}

/** A GLPI in small with the sample plugin, made its own as its first lines say. */
async function install(
  portal: string,
  rootPublicKey: string,
  more: [file: string, was: string, is: string][] = [],
) {
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-plugin-'))
  cleanUp.push(() => rmSync(folder, { recursive: true }))
  writeFileSync(path.join(folder, 'glpicrypt.key'), '0123456789abcdef0123456789abcdef')
  cpSync(path.join(sources, 'example'), folder, { recursive: true })
  const change = (from: string, to: string, pairs: [string, string][]) => {
    let text = readFileSync(from, 'utf8')
    for (const [was, is] of pairs) {
      expect(text).toContain(was)
      text = text.replace(was, is)
    }
    writeFileSync(to, text)
  }
  change(path.join(sources, 'Latchkey.php'), path.join(folder, 'Latchkey.php'), [
    ['namespace Latchkey;', 'namespace GlpiPlugin\\Latchkeyexample\\Latchkey;'],
  ])
  change(path.join(folder, 'setup.php'), path.join(folder, 'setup.php'), [
    ['https://portal.example.com', portal],
    ['the 32 bytes in base64', rootPublicKey],
  ])
  // No upload of a web server's: PHP would know the difference.
  const page = path.join(folder, 'front/config.form.php')
  change(page, page, [['is_uploaded_file(', 'is_readable(']])
  for (const [name, was, is] of more) change(path.join(folder, name), path.join(folder, name), [[was, is]])
  const run = async (deed: string, ...fields: string[]) => {
    const program = path.join(sources, 'glpi-for-tests.php')
    return (
      await promisify(execFile)(php ?? '', ['-d', 'display_errors=stderr', program, folder, deed, ...fields])
    ).stdout
  }
  expect(await run('install')).toBe('[cron PluginLatchkeyexampleKey CheckKey 3600][installed]')
  const stored = () => readFileSync(path.join(folder, 'database.json'), 'utf8')
  /** Hands an offline file over, as an upload. */
  const give = (file: string, ...fields: string[]) => {
    writeFileSync(path.join(folder, 'uploaded.json'), file)
    return run('page', 'save_file=1', ...fields)
  }
  return { folder, run, stored, give }
}

test.skipIf(!php)(
  'the sample plugin takes a key, stores it encrypted, and shows key, network and service',
  async () => {
    const { portal, run, stored } = await begin()
    const [hooks, version] = JSON.parse(await run('init'))
    expect(hooks.config_page.latchkeyexample).toBe('front/config.form.php')
    expect(hooks.secured_fields.latchkeyexample).toEqual(['glpi_plugin_latchkeyexample_states.state'])
    expect(version.requirements.glpi).toEqual({ min: '9.5.0', max: '11.1.0' })
    expect(await run('may')).toBe('[may not]')
    expect(await run('page')).toContain('<th>Key</th><td>No answer about a key yet.</td>')

    const entered = await run('page', 'save_key=1', `registration_key= ${key}\n`)
    expect(entered).toContain('<th>The key you entered</th><td>The key is good.</td>')
    expect(portal.calls.map(({ call }) => call)).toEqual([
      'POST /api/v1/activations',
      'GET /.well-known/jwks.json',
    ])
    expect(portal.calls[0]?.body).toMatchObject({
      key,
      installation_id: 'uuid-of-glpi_network',
      glpi_version: '11.0.2',
      url: 'https://glpi.example',
    })
    expect(stored()).not.toContain(key)
    expect(stored()).not.toContain('lease')
    const page = await run('page')
    expect(page).toMatch(/^\[right config\]\[header Registration key\].*\[footer\]$/s)
    expect(page).toContain('<th>Plugin</th><td>The plugin works.</td>')
    expect(page).toContain('<th>Key</th><td>The key is good.</td>')
    expect(page).toContain('<th>Network</th><td>Works.</td>')
    expect(page).toContain('<th>Service</th><td>Answers.</td>')
    expect(page).toContain('_glpi_csrf_token')
    expect(page).not.toContain(key)
    expect(page).not.toContain('entered')
    expect(await run('may')).toBe('[may]')
    expect(await run('cron')).toBe('[did 0]')

    portal.fault = 'proxy_page'
    const failing = await run('page')
    expect(failing).toContain('<th>Key</th><td>The key is good.</td>')
    expect(failing).toContain(
      '<th>Service</th><td>Something else answers in its place, or it is out of order. This says nothing about the key. (not_json 200)</td>',
    )
    portal.fault = null
    portal.addKey(key, { code: 'bound_elsewhere' })
    const refused = await run('page')
    expect(refused).toContain(
      'This key belongs to another GLPI. Move it in the portal. Code for the portal: 7QF3XM',
    )
    expect(refused).toContain(`<a href="${portal.issuer}/keys" rel="noreferrer">`)
    portal.addKey(key, { code: 'revoked' })
    expect(await run('page')).toContain('<td>The plugin is off. GLPI goes on, and nothing is lost.</td>')
    expect(await run('may')).toBe('[may not]')
  },
)

const messagesOf = (language: string, room: string) =>
  JSON.parse(
    readFileSync(path.join(import.meta.dirname, `../../lib/messages/${language}/${room}.json`), 'utf8'),
  )

// As of GLPI 9.5 to 11: `Config::getUuid('glpi_network')` stands in the database, and no page of GLPI's prints it.
test.each(['en', 'fr'])('the portal says in %s where the installation ID really stands', (language) => {
  const { installation_hint: hint, problem } = messagesOf(language, 'offline')
  const { installation_id: mistake } = messagesOf(language, 'errors')
  const { installation: help } = messagesOf(language, 'glpi')
  for (const text of [hint, problem.bound_elsewhere, mistake, help.text, help.database]) {
    expect(text).not.toContain('GLPI Network')
  }
  for (const text of [hint, mistake, help.text]) expect(text).toMatch(/plugin/)
  for (const text of [hint, help.database]) expect(text).toContain('glpi_configs')
})

test.skipIf(!php)('the set-up page shows the installation ID to be copied', async () => {
  const { run } = await begin()
  expect(await run('page')).toMatch(
    /<th><label for="installation_id">Installation ID<\/label><\/th><td><input type="text" id="installation_id" value="uuid-of-glpi_network" size="60" readonly>/,
  )
})

test.skipIf(!php)('an offline file says until when it works, and that it is over', async () => {
  const { portal, folder, run, give } = await begin()
  portal.addKey(key, { entitledUntil: portal.time + 3_600 })
  expect(await give(portal.offlineFile(key, 'uuid-of-glpi_network'))).toContain('[back]')
  const until = new Date((portal.time + 3_600) * 1_000).toISOString().slice(0, 16).replace('T', ' ')
  expect(await run('page')).toContain(`<th>Key</th><td>An offline file is used. It works until ${until}`)
  writeFileSync(
    path.join(folder, 'document.php'),
    `<?php $over = ['entitled' => false, 'until' => null] + PluginLatchkeyexampleKey::client()->state();
      echo PluginLatchkeyexampleKey::sentences($over)['key'];`,
  )
  expect(await run('document')).toBe(
    'The offline file is over. Fetch another one in the portal, for the installation ID below.',
  )
})

test.skipIf(!php)(
  'an offline file with its key but no lease before it says who can free its place',
  async () => {
    const { portal, run, give } = await begin()
    await give(portal.offlineFile(key, 'uuid-of-glpi_network'), `registration_key=${key}`)
    await run('page', 'give_back=1')
    expect(await run('page')).toContain(
      '<td>The portal needs the secret that came with the first answer to this GLPI. Whoever manages the key can free its place in the portal.</td>',
    )
  },
)

test.skipIf(!php)(
  'an offline file whose signing key was dropped is to be fetched anew, and then works',
  async () => {
    const { portal, run, give } = await begin()
    await run('page', 'save_key=1', `registration_key=${key}`)
    const file = portal.offlineFile(key, 'uuid-of-glpi_network')
    portal.dropSigningKey()
    await run('page', 'save_key=1', `registration_key=${key}`)
    expect(await give(file)).toContain(
      '[message The portal has since dropped the key that signed this offline file. Fetch the file anew in the portal. (unknown_kid)]',
    )
    expect(await run('page')).toContain('<th>Key</th><td>The key is good.</td>')
    expect(await give(portal.offlineFile(key, 'uuid-of-glpi_network'))).not.toContain('[message')
    expect(await give('<html>')).toContain(
      '[message This is no whole offline file. Fetch it anew in the portal. (no_offline_file)]',
    )
  },
)

test.skipIf(!php)(
  'of an offline file over a lease, given with its key, the place can be given back',
  async () => {
    const { portal, run, give } = await begin()
    await run('page', 'save_key=1', `registration_key=${key}`)
    expect(await give(portal.offlineFile(key, 'uuid-of-glpi_network'), `registration_key=${key}`)).toContain(
      '[back]',
    )
    const until = new Date((portal.keys.get(key)?.entitledUntil ?? 0) * 1_000).toISOString().slice(0, 10)
    expect(await run('page', 'give_back=1')).toContain(
      `[message The key is used here no more. Another GLPI may use it from ${until}`,
    )
  },
)

test.skipIf(!php)('a key that is entered gets its verdict, also where another goes on working', async () => {
  const { portal, run } = await begin()
  const enter = (text: string) => run('page', 'save_key=1', `registration_key=${text}`)
  const row = async (page: Promise<string>) =>
    /<th>The key you entered<\/th><td>(.*?)<\/td>/.exec(await page)?.[1]
  portal.addKey(otherKey, { code: 'bound_elsewhere' })
  const elsewhere = await enter(otherKey)
  expect(elsewhere).toContain(
    '<td>This key belongs to another GLPI. Move it in the portal. Code for the portal: 7QF3XM</td>',
  )
  expect(elsewhere).toContain(`<a href="${portal.issuer}/keys" rel="noreferrer">`)
  await enter(key)
  for (const [code, sentence] of [
    ['wrong_product', 'This key belongs to another plugin.'],
    [
      'malformed',
      'This is no registration key, or it was changed on its way. The page of the portal says where.',
    ],
    ['unknown', 'The portal does not know this key. Copy it from the portal once more.'],
    [
      'bound_elsewhere',
      'This key belongs to another GLPI. Move it in the portal. Code for the portal: 7QF3XM',
    ],
  ] as const) {
    portal.addKey(otherKey, { code })
    const page = await enter(otherKey)
    expect(await row(Promise.resolve(page))).toBe(`${sentence} What worked before goes on.`)
    expect(page).toContain('<th>Plugin</th><td>The plugin works.</td>')
    expect(page).toContain('<th>Key</th><td>The key is good.</td>')
    expect(page).toContain(`<a href="${portal.issuer}/keys" rel="noreferrer">`)
  }
  expect(await row(enter('gibberish'))).toContain('What worked before goes on.')
  portal.fault = 'proxy_page'
  expect(await row(enter(otherKey))).toBe(
    'There was no answer about it. See below. What worked before goes on; enter it again later.',
  )
  const again = await begin()
  again.portal.fault = 'proxy_page'
  const first = again.run('page', 'save_key=1', `registration_key=${key}`)
  expect(await row(first)).toBe(
    'There was no answer about it. See below. It is asked about again, without your doing.',
  )
})

test.skipIf(!php)('with another key of GLPI’s it says what is wrong, and loses nothing', async () => {
  const { portal, folder, run, stored } = await begin()
  const cryptKey = path.join(folder, 'glpicrypt.key')
  await run('page', 'save_key=1', `registration_key=${key}`)
  const [right, before] = [readFileSync(cryptKey, 'utf8'), stored()]
  writeFileSync(cryptKey, 'another, of as many bytes as it.')
  expect(await run('cron')).toBe('[did 0]')
  expect(await run('page')).toContain(
    '<th>Key</th><td>What was stored cannot be opened: it is damaged, or GLPI has',
  )
  expect(await run('may')).toBe('[may not]')
  expect(stored()).toBe(before)
  // Mistyped, or while the portal is away: what cannot be opened is still there.
  expect(await run('page', 'save_key=1', 'registration_key=gks1mistyped')).toContain(
    '<th>The key you entered</th><td>The portal does not know this key. Copy it from the portal once more.</td>',
  )
  portal.fault = 'network'
  expect(await run('page', 'save_key=1', `registration_key=${key}`)).toContain(
    '<td>There was no answer about it. See below. Enter it again later.</td>',
  )
  portal.fault = null
  expect(stored()).toBe(before)
  writeFileSync(cryptKey, right)
  expect(await run('page')).toContain('<th>Key</th><td>The key is good.</td>')
  writeFileSync(cryptKey, 'another, of as many bytes as it.')
  await run('page', 'save_key=1', `registration_key=${key}`)
  expect(await run('may')).toBe('[may]')
})

test.skipIf(!php)(
  'its own removal from this GLPI waits for the word of the portal, and says so',
  async () => {
    const { portal, run } = await begin()
    await run('page', 'save_key=1', `registration_key=${key}`)
    portal.fault = 'captive_portal'
    expect(await run('page', 'give_back=1')).toBe('[right config][back]')
    portal.fault = null
    const asked = portal.calls.length
    expect(await run('page')).toContain('<th>Giving back</th><td>The portal has not confirmed')
    expect(portal.calls).toHaveLength(asked)
    const day = new Date((portal.time + 7 * 86_400) * 1_000).toISOString().slice(0, 10)
    expect(await run('page', 'give_back=1')).toMatch(
      new RegExp(
        `\\[message The key is used here no more. Another GLPI may use it from ${day} .*\\]\\[back\\]$`,
      ),
    )
    const page = await run('page')
    expect(page).not.toContain('Giving back')
    expect(page).toContain('<td>No answer about a key yet.</td>')
  },
)

test.skipIf(!php)('the steps of the document work as they are written, the outage included', async () => {
  const { portal, run, folder } = await begin()
  const document = readFileSync(
    path.join(import.meta.dirname, '../../docs/add-key-checks-to-a-plugin.md'),
    'utf8',
  )
  const [client = '', outage = '', ...more] = [...document.matchAll(/^ +```php\n(.*?)^ +```$/gms)].map(
    ([, program]) => program,
  )
  expect(more).toEqual([])
  const withoutFirstLine = outage.replace(/^ *\$settings\['service'\].*\n/, '')
  expect(withoutFirstLine).not.toBe(outage)
  writeFileSync(
    path.join(folder, 'document.php'),
    `<?php
      use GlpiPlugin\\Latchkeyexample\\Latchkey\\Clock;
      use GlpiPlugin\\Latchkeyexample\\Latchkey\\Latchkey;
      define('YOURPLUGIN_ROOT', PLUGIN_LATCHKEYEXAMPLE_ROOT);
      define('YOURPLUGIN_VERSION', '1.0.0');
      $storage = new PluginLatchkeyexampleStorage();
      ${client.replace('https://portal.example.com', portal.issuer)}
      echo $client->activate('${key}')['mode'], "\\n";
      ${outage}
      unset($settings['service']);
      $kept = $storage->load();
      echo (new Latchkey($settings, $storage))->check()['mode'], "\n";
      $storage->save($kept);
      ${withoutFirstLine}`,
  )
  const days = (...modes: string[]) => [0, 2, 6, 8].map((at, index) => `${at} days: ${modes[index]}`)
  expect((await run('document')).split('\n')).toEqual([
    'full',
    ...days('full', 'grace', 'grace', 'read_only'),
    'full',
    ...days('full', 'full', 'full', 'full'),
    '',
  ])
})

test('the TypeScript of the document works as it is written, with this machine’s clock and fetch', async () => {
  const portal = new TestPortal()
  portal.time = Math.floor(Date.now() / 1_000)
  portal.addKey(key)
  await portal.listen()
  portal.issuer = portal.address ?? ''
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-ts-'))
  cleanUp.push(
    () => portal.close(),
    () => rmSync(folder, { recursive: true }),
  )
  const document = readFileSync(
    path.join(import.meta.dirname, '../../docs/add-key-checks-to-a-plugin.md'),
    'utf8',
  )
  const [, lines = ''] = /^ +```ts\n(.*?)^ +```$/ms.exec(document) ?? []
  const client = lines
    .replace('https://portal.example.com', portal.issuer)
    .replace('/var/lib/yourplugin', folder)
  const clients = path.join(import.meta.dirname, 'typescript')
  const program = path.join(folder, 'document.ts')
  writeFileSync(
    program,
    `import { fileStorage } from '${clients}/kept'
    import { Latchkey } from '${clients}/latchkey'
    export function made(rootPublicKey: string, installationId: string) {
      ${client}
      return client
    }`,
  )
  const { made } = await import(program)
  const plugin = made(portal.rootPublicKey, 'glpi')
  expect(await plugin.activate(key)).toMatchObject({ entitled: true, clockSuspect: false })
  expect(await plugin.state()).toMatchObject({ entitled: true, clockSuspect: false, mode: 'full' })
})

test.skipIf(!php)('the sample plugin and the real key service', async () => {
  const database = await productDatabase()
  const service = await startKeyService(database)
  const fixture = await makeCustomer('acme')
  const [own, elsewhere] = [await sold(database, fixture), await sold(database, fixture)]
  const settings = [
    ['setup.php', "_PRODUCT', 'formspro'", "_PRODUCT', 'forms'"],
    ['inc/key.class.php', "'curl' =>", `'service' => '${service.url}', 'curl' =>`],
    ['inc/key.class.php', "$CFG_GLPI['url_base'] ?? null", `'${own.url}'`],
  ] satisfies [string, string, string][]
  const { run } = await install('http://localhost:41400', process.env.LEASE_ROOT_PUBLIC_KEY ?? '', settings)
  const enter = (text: string) => run('page', 'save_key=1', `registration_key=${text}`)
  const good = await enter(own.key)
  expect(good).toContain('<th>The key you entered</th><td>The key is good.</td>')
  expect(good).toContain('<th>Plugin</th><td>The plugin works.</td>')
  expect(await enter(elsewhere.key)).toMatch(
    /entered<\/th><td>This key belongs to another GLPI\. Move it in the portal\. Code for the portal: [0-9A-Z]{6} What worked before goes on\.<.*href="http:\/\/localhost:41400\/open\//s,
  )
  expect(await enter('gibberish')).toContain('<td>This is no registration key, or it was changed on its way.')
  expect(await run('cron')).toBe('[did 0]')
  await run('page', 'give_back=1')
  expect(await run('page')).toContain('<th>Key</th><td>No answer about a key yet.</td>')
  expect(await run('may')).toBe('[may not]')
})

test.skipIf(!php)('its removal gives the place back', async () => {
  const { portal, run } = await begin()
  portal.fault = 'network'
  await run('page', 'save_key=1', `registration_key=${key}`)
  expect(await run('page')).toContain(
    '<th>Network</th><td>The portal cannot be reached: the connection fails.</td>',
  )
  portal.fault = null
  await run('page', 'save_key=1', `registration_key=${key}`)
  expect(await run('uninstall')).toBe('[no cron of latchkeyexample][uninstalled]')
  expect(portal.calls.at(-1)?.call).toBe('DELETE /api/v1/activations/activation%20of%20uuid-of-glpi_network')
})

test.skipIf(!php)('its removal while the portal is away says that the place is still taken', async () => {
  const { portal, run } = await begin()
  await run('page', 'save_key=1', `registration_key=${key}`)
  portal.fault = 'network'
  expect(await run('uninstall')).toMatch(
    /^\[message The portal could not be told that this GLPI uses the key no more\. To use the key in another GLPI, move it there in the portal\.\]\[no cron/,
  )
})

test.skipIf(!php)(
  'the page waits for the cron, so that neither takes a place that the other gives back',
  async () => {
    const { portal, run } = await begin()
    await run('page', 'save_key=1', `registration_key=${key}`)
    portal.slow = 500
    const asked = portal.seen.length
    const first = run('page')
    while (portal.seen.length === asked) await setTimeout(10)
    await Promise.all([first, run('page', 'give_back=1')])
    expect(portal.seen).toHaveLength(asked + 2)
    expect(portal.mostAtOnce).toBe(1)
    expect(portal.givenBack.size).toBe(1)
  },
)
