import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { connectivityFindings, readConnectivity } from '@/lib/activations/connectivity'
import { connectivityCommands } from '@/lib/activations/connectivity-command'
import { phpPath } from '@/sandbox/php'
import { freePort } from '@/sandbox/ports'

/** GLPI's server has one; where the machine has none, what asks GLPI is not tested. */
const php = phpPath()

const good =
  'latchkey-test v1 dns=ok tcp=ok tls=ok proxy=none via=none from=none http=200 answer=ok clock=+2s'
const but = (...changes: [string, string][]) =>
  changes.reduce((line, [name, value]) => line.replace(new RegExp(`${name}=\\S+`), `${name}=${value}`), good)
const none: [string, string][] = [
  ['http', '000'],
  ['answer', 'none'],
  ['clock', 'unknown'],
]

describe('what the line means', () => {
  const table: [finding: string, line: string][] = [
    ['ok', good],
    ['ok', but(['tls', 'none'])],
    ['ok', but(['proxy', 'ok'], ['dns', 'skip'], ['tcp', 'skip'])],
    ['ok', but(['clock', '-300s'])],
    ['ok', but(['clock', 'unknown'])],
    ['no_curl', 'latchkey-test v1 curl=missing'],
    ['proxy_name', but(['proxy', 'name'], ['dns', 'skip'], ['tcp', 'skip'], ['tls', 'skip'], ...none)],
    ['proxy_connect', but(['proxy', 'connect'], ['tls', 'skip'], ...none)],
    ['proxy_auth', but(['proxy', 'auth'], ['tls', 'skip'], ...none)],
    ['proxy_auth', but(['proxy', 'ok'], ['tls', 'none'], ['http', '407'], ['answer', 'html'])],
    ['proxy_refused', but(['proxy', 'refused'], ['tls', 'skip'], ...none)],
    ['dns', but(['dns', 'fail'], ['tcp', 'skip'], ['tls', 'skip'], ...none)],
    ['tcp_refused', but(['tcp', 'refused'], ['tls', 'skip'], ...none)],
    ['tcp_timeout', but(['tcp', 'timeout'], ['tls', 'skip'], ...none)],
    ['certificate', but(['tls', 'cert'], ['http', '000'], ['answer', 'none'])],
    ['certificate', but(['tls', 'cert'], ...none)],
    ['clock', but(['tls', 'cert'], ['http', '000'], ['clock', '-86400s'])],
    ['tls', but(['tls', 'fail'], ...none)],
    ['service', but(['http', '503'], ['answer', 'other'], ['clock', 'unknown'])],
    ['service', but(['http', '429'], ['answer', 'other'], ['clock', 'unknown'])],
    ['service', but(['http', '502'], ['answer', 'html'], ['clock', 'unknown'])],
    ['no_answer', but(...none)],
    ['not_portal', but(['answer', 'html'], ['clock', 'unknown'])],
    ['not_portal', but(['http', '302'], ['answer', 'none'], ['clock', 'unknown'])],
    ['not_portal', but(['http', '403'], ['answer', 'html'], ['clock', 'unknown'])],
    ['clock', but(['clock', '+301s'])],
    ['incomplete', good.slice(0, good.indexOf(' via='))],
    ['incomplete', 'latchkey-test v1 dns=ok tcp=ok tls=none'],
    ['incomplete', 'latchkey-test v1 dns=ok'],
    ['incomplete', good.slice(0, -1)],
    ['incomplete', but(['tls', 'cert'], ...none).replace(/ clock.*/, '')],
    ['dns', 'latchkey-test v1 dns=fail tcp=skip'],
    ['clock', but(['clock', '-3600s'])],
  ]
  test.each(table)('%s: %s', (finding, line) => {
    expect(readConnectivity(line)?.finding).toBe(finding)
  })

  test('each finding stands in the table', () => {
    expect(new Set(table.map(([finding]) => finding))).toEqual(new Set(connectivityFindings))
  })

  test('it is found among what a terminal shows, also broken', () => {
    const broken = `www-data@glpi:~$ sh -c '…'\n${good.replace(' proxy', '\n proxy')}\r\nwww-data@glpi:~$ `
    expect(readConnectivity(broken)).toEqual({
      ...{ finding: 'ok', clockSeconds: 2, http: 200 },
      way: { via: null, from: 'none' },
    })
  })

  test.each(['', 'latchkey-test', 'latchkey-test v2 dns=ok', 'dns=ok tcp=ok'])('%j is none', (text) => {
    expect(readConnectivity(text)).toBeNull()
  })
})

const open: (Server | TcpServer)[] = []
afterEach(() => Promise.all(open.splice(0).map((server) => new Promise((done) => server.close(done)))))

async function listening(server: Server | TcpServer): Promise<number> {
  open.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  // a TCP server's
  return (server.address() as AddressInfo).port
}

const portalAt =
  (aheadSeconds = 0): RequestListener =>
  (request, response) => {
    if (request.url !== '/api/v1/time' && !request.url?.endsWith(':1/api/v1/time'))
      return response.writeHead(404).end()
    const time = new Date(Date.now() + aheadSeconds * 1_000).toISOString()
    response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify({ time, signed: 'e30' }))
  }

const html: RequestListener = (_request, response) =>
  void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Log in</title>')

/** The command as an administrator runs it, by a shell. */
function run(
  portal: string,
  env: Record<string, string> = {},
  folder = '',
  changed = (shell: string) => shell,
): Promise<string> {
  const shell = changed(connectivityCommands(portal).shell)
  const { PATH = '' } = process.env
  return new Promise((resolve) => {
    execFile(
      '/bin/sh',
      ['-c', `${shell.replace(/^sh/, '/bin/sh')} ${folder}`],
      { env: { NODE_ENV: 'test', PATH, ...env } },
      (_error, stdout) => resolve(stdout.trimEnd()),
    )
  })
}

describe('the shell command, run', () => {
  test('says that all is well, in one line', async () => {
    const line = await run(`http://127.0.0.1:${await listening(createServer(portalAt()))}`)
    expect(line).toMatch(
      /^latchkey-test v1 dns=ok tcp=ok tls=none proxy=none via=none from=none http=200 answer=ok clock=[+-]\ds$/,
    )
    expect(readConnectivity(line)?.finding).toBe('ok')
  })

  // Also at the turn of a year and of a leap month, where days are counted.
  test.each([3_600, -86_400, 86_400 * 120, -86_400 * 365])(
    'says that the clock is off by %i s',
    async (ahead) => {
      const line = await run(`http://127.0.0.1:${await listening(createServer(portalAt(ahead)))}`)
      const read = readConnectivity(line)
      expect(read?.finding).toBe('clock')
      expect(Math.abs((read?.clockSeconds ?? 0) + ahead)).toBeLessThanOrEqual(2)
    },
  )

  test('says that nobody listens', async () => {
    const line = await run(`http://127.0.0.1:${await freePort()}`)
    expect(line).toBe(
      'latchkey-test v1 dns=ok tcp=refused tls=skip proxy=none via=none from=none http=000 answer=none clock=unknown',
    )
    expect(readConnectivity(line)?.finding).toBe('tcp_refused')
  })

  test('says that a name is not known', async () => {
    const line = await run('https://no-such-host.invalid')
    expect(line).toContain('dns=fail tcp=skip tls=skip')
    expect(readConnectivity(line)?.finding).toBe('dns')
  })

  test('says that another page answers', async () => {
    const line = await run(`http://127.0.0.1:${await listening(createServer(html))}`)
    expect(line).toContain('http=200 answer=html clock=unknown')
    expect(readConnectivity(line)?.finding).toBe('not_portal')
  })

  test('says that the service is down', async () => {
    const busy: RequestListener = (_request, response) => void response.writeHead(503).end('{}')
    const line = await run(`http://127.0.0.1:${await listening(createServer(busy))}`)
    expect(readConnectivity(line)).toMatchObject({ finding: 'service', http: 503 })
  })

  test('goes through the proxy that is set, and says which, without its password', async () => {
    const proxy = `http://someone:secret@127.0.0.1:${await listening(createServer(portalAt()))}`
    const line = await run('http://portal.invalid:1', { HTTPS_PROXY: proxy })
    expect(line).toMatch(
      /^latchkey-test v1 dns=skip tcp=skip tls=none proxy=ok via=127\.0\.0\.1:\d+ from=environment http=200 answer=ok clock=\S+$/,
    )
    expect(line).not.toMatch(/someone|secret/)
    expect(readConnectivity(line)?.finding).toBe('ok')
  })

  test('says that a proxy answers with a page of its own', async () => {
    const line = await run('http://portal.invalid', {
      https_proxy: `http://127.0.0.1:${await listening(createServer(html))}`,
    })
    expect(readConnectivity(line)?.finding).toBe('not_portal')
  })

  test.each([
    [407, 'proxy_auth'],
    [403, 'proxy_refused'],
  ])('says that a proxy refuses the way with %i', async (status, finding) => {
    const server = createServer(html)
    server.on(
      'connect',
      (_request, socket) => void socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`),
    )
    const line = await run('https://portal.invalid', {
      HTTP_PROXY: `http://127.0.0.1:${await listening(server)}`,
    })
    expect(readConnectivity(line)?.finding).toBe(finding)
  })

  test('says that a proxy is not there, or its name not known', async () => {
    const gone = await run('https://portal.invalid', { HTTPS_PROXY: `http://127.0.0.1:${await freePort()}` })
    expect(readConnectivity(gone)?.finding).toBe('proxy_connect')
    const unknown = await run('https://portal.invalid', { HTTPS_PROXY: 'http://no-such-host.invalid:3128' })
    expect(readConnectivity(unknown)?.finding).toBe('proxy_name')
  })

  test('explains what accepts and never answers: a portal, one behind TLS, and a proxy', async () => {
    const silent = `127.0.0.1:${await listening(createTcpServer((socket) => void socket.on('error', () => {}).resume()))}`
    const soon = (portal: string, env = {}) => run(portal, env, '', (shell) => shell.replace('-m 20', '-m 1'))
    const lines = await Promise.all([
      soon(`http://${silent}`),
      soon(`https://${silent}`),
      soon('https://portal.invalid', { HTTPS_PROXY: `http://${silent}` }),
    ])
    for (const line of lines) expect(line).toContain('http=000 answer=none clock=unknown')
    const [plain, behindTls, proxy] = lines.map((line) => readConnectivity(line)?.finding)
    expect([plain, proxy]).toEqual(['no_answer', 'proxy_connect'])
    // By what the version of curl counts as connected.
    expect(['tcp_timeout', 'tls']).toContain(behindTls)
  })

  test('says that something speaks no TLS', async () => {
    const server = createTcpServer(
      (socket) => void socket.on('error', () => {}).end('220 mail.example ESMTP\r\n'),
    )
    const line = await run(`https://127.0.0.1:${await listening(server)}`)
    expect(line).toContain('tcp=ok tls=fail')
    expect(readConnectivity(line)?.finding).toBe('tls')
  })

  test('says that a certificate is not trusted, and tells it from a clock by which none is good', async () => {
    const certificate = selfSigned()
    const trusted = await listening(createTlsServer(certificate, portalAt()))
    const line = await run(`https://127.0.0.1:${trusted}`)
    expect(line).toMatch(/tls=cert proxy=none via=none from=none http=000 answer=none clock=[+-]\ds$/)
    expect(readConnectivity(line)?.finding).toBe('certificate')
    const late = await listening(createTlsServer(certificate, portalAt(86_400)))
    expect(readConnectivity(await run(`https://127.0.0.1:${late}`))?.finding).toBe('clock')
  })

  test.skipIf(!php)(
    'goes through the proxy that GLPI has set, with its password, whatever the environment says',
    async () => {
      const authorized: string[] = []
      const proxy = createServer((request, response) => {
        authorized.push(String(request.headers['proxy-authorization']))
        portalAt()(request, response)
      })
      const port = await listening(proxy)
      const { folder, ini } = glpi({
        proxy_name: '127.0.0.1',
        proxy_port: String(port),
        proxy_user: 'glpi@it',
      })
      const env = { PHPRC: ini, HTTPS_PROXY: 'http://no-such-host.invalid:3128' }
      const line = await run('http://portal.invalid:1', env, folder)
      expect(line).toContain(`proxy=ok via=127.0.0.1:${port} from=glpi http=200 answer=ok`)
      expect(authorized).toEqual([`Basic ${Buffer.from('glpi@it:p:w/1').toString('base64')}`])
      expect(line).not.toMatch(/glpi@it|p:w/)
      expect(readConnectivity(line)).toMatchObject({
        finding: 'ok',
        way: { via: `127.0.0.1:${port}`, from: 'glpi' },
      })
    },
  )

  test.skipIf(!php)(
    'goes through no proxy where GLPI has none, and by the environment where GLPI cannot be asked',
    async () => {
      const portal = `http://127.0.0.1:${await listening(createServer(portalAt()))}`
      const none = glpi({ proxy_name: '', proxy_port: '8080' })
      const wrong = { HTTPS_PROXY: `http://127.0.0.1:${await freePort()}` }
      expect(await run(portal, { PHPRC: none.ini, ...wrong }, none.folder)).toContain(
        'proxy=none via=none from=glpi http=200 answer=ok',
      )
      // Its database is not there.
      const down = await run(portal, { PHPRC: none.ini, ...wrong, GLPI_DOWN: '1' }, none.folder)
      expect(down).toMatch(/proxy=connect via=127\.0\.0\.1:\d+ from=environment/)
    },
  )

  test.skipIf(!php)(
    'runs nothing that stands in the file of GLPI, which the web server may have written',
    async () => {
      const { folder, ini } = glpi({ proxy_name: '', proxy_port: '' })
      const ran = path.join(folder, 'ran')
      writeFileSync(path.join(folder, 'config', 'config_db.php'), `<?php touch('${ran}'); class DB {}`)
      await run('http://portal.invalid', { PHPRC: ini }, folder)
      expect(existsSync(ran)).toBe(false)
    },
  )

  test('says that there is no curl', async () => {
    const line = await run('https://portal.invalid', { PATH: '/nowhere' })
    expect(readConnectivity(line)?.finding).toBe('no_curl')
  })
})

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/**
 * A GLPI's folder, and a `php.ini` by which its database answers: a stand-in for PHP's mysqli, which asks that it is
 * opened as `config_db.php` says. The proxy's password is encrypted as GLPI does.
 */
function glpi(settings: Record<string, string>) {
  const folder = mkdtempSync(path.join(tmpdir(), 'glpi-'))
  folders.push(folder)
  mkdirSync(path.join(folder, 'config'))
  writeFileSync(
    path.join(folder, 'config', 'config_db.php'),
    `<?php
class DB extends DBmysql {
   public $dbhost = 'db.internal:3307';
   public $dbuser = 'glpi';
   public $dbpassword = 'o%27clock%3B';
   public $dbdefault = 'it\\'s';
}
`,
  )
  const password = execFileSync(
    php ?? '',
    [
      '-r',
      `$k=random_bytes(32); $n=random_bytes(24); file_put_contents($argv[1], $k);
      echo base64_encode($n.sodium_crypto_aead_xchacha20poly1305_ietf_encrypt('p:w/1', $n, $n, $k));`,
      path.join(folder, 'config', 'glpicrypt.key'),
    ],
    { encoding: 'utf8' },
  )
  const rows = Object.entries({ ...settings, proxy_passwd: password })
  writeFileSync(
    path.join(folder, 'mysqli.php'),
    `<?php
if (!defined('MYSQLI_OPT_CONNECT_TIMEOUT')) define('MYSQLI_OPT_CONNECT_TIMEOUT', 0);
class Rows { public $rows; function fetch_row() { return array_shift($this->rows); } }
class Connection {
  function options() {}
  function real_connect(...$to) {
    return !getenv('GLPI_DOWN') && $to === ['db.internal', 'glpi', "o'clock;", "it's", 3307, null];
  }
  function query($asked) {
    $rows = new Rows; $rows->rows = json_decode('${JSON.stringify(rows)}'); return $rows;
  }
}
function mysqli_report() {}
function mysqli_init() { return new Connection; }
`,
  )
  const ini = path.join(folder, 'php.ini')
  // What is disabled can be defined anew, where PHP has the real one.
  const lines = [
    `auto_prepend_file=${path.join(folder, 'mysqli.php')}`,
    'disable_functions=mysqli_init,mysqli_report',
  ]
  writeFileSync(ini, `${lines.join('\n')}\n`)
  return { folder, ini }
}

/** A key and a certificate that nobody trusts. */
function selfSigned() {
  const folder = mkdtempSync(path.join(tmpdir(), 'certificate-'))
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  )
  const read = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(folder, { recursive: true })
  return read
}

test('each command is one line, with the portal’s address as it is and no quote that would end it', () => {
  const { shell, powerShell } = connectivityCommands('https://portal.example.com')
  expect(shell.match(/'/g)).toHaveLength(2)
  expect(shell.endsWith("' sh https://portal.example.com")).toBe(true)
  expect(powerShell).toContain("[Uri]'https://portal.example.com/api/v1/time'")
  expect((powerShell.match(/'/g) ?? []).length % 2).toBe(0)
  // Nor two blanks, of which a page shows one.
  for (const command of [shell, powerShell]) expect(command).not.toMatch(/\s\s|\n/)
  for (const [opens, closes] of ['{}', '()', '[]'])
    expect(powerShell.split(opens ?? '').length).toBe(powerShell.split(closes ?? '').length)
})
