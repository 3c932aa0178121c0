import {
  type Example,
  installation_id,
  jws,
  missing,
  ok,
  problem,
  product,
  unknownKey,
  yourKey,
} from './example'

const anotherGlpi = 'nA7pQ2xL9sVbT4mWc0Zd'

const noToken = { name: 'no_token', summary: 'Without a token', ...problem(401, 'Unauthorized', 'no_token') }
const noScope = {
  name: 'scope_missing',
  summary: 'With a token that may not',
  ...problem(403, 'Forbidden', 'scope_missing'),
}
const offline = { key: yourKey, installation_id: anotherGlpi }

export const programs: Record<string, Example[]> = {
  listKeys: [
    {
      name: 'page',
      summary: 'The first page',
      status: 200,
      answer: {
        keys: [
          {
            short_id: 'K-7QF3XM',
            last_four: '8w2k',
            product: 'Forms Pro',
            kind: 'subscription',
            state: 'active',
            paid_until: '2027-06-30T22:00:00.000Z',
            works_until: '2027-07-14T22:00:00.000Z',
            instance: { short_id: 'I-4WZ8KD', label: 'Service desk', url: 'https://glpi.example.com' },
          },
        ],
        next: null,
      },
    },
    {
      name: 'no_page',
      summary: 'What no page called next',
      parameters: { after: 'x' },
      ...problem(400, 'Bad Request', 'invalid_input', { fields: { after: 'not_found' } }),
    },
    noToken,
    noScope,
  ],
  makeOfflineFile: [
    {
      name: 'made',
      summary: 'A file for one installation',
      body: offline,
      status: 201,
      answer: { lease: jws, key_set: jws },
    },
    { name: 'missing', summary: 'A field is missing', body: { key: yourKey }, ...missing },
    { ...noToken, body: offline },
    { ...noScope, body: offline },
    {
      name: 'unknown',
      summary: 'Another organization’s key, or nobody’s',
      body: { ...offline, key: unknownKey },
      ...problem(404, 'Not Found', 'unknown', {
        detail: 'Nobody was given this key here. Compare it with the one in the portal.',
        page: 'https://portal.example.com/check',
      }),
    },
    {
      name: 'bound_elsewhere',
      summary: 'A key that another GLPI has',
      body: { key: yourKey, installation_id },
      ...problem(409, 'Conflict', 'bound_elsewhere', {
        detail:
          'This key belongs to another GLPI. Which one, the portal says: https://portal.example.com/open/K-7QF3XM',
        page: 'https://portal.example.com/open/K-7QF3XM',
        signed: jws,
      }),
    },
  ],
}

const shortNonce = {
  name: 'short_nonce',
  summary: 'A nonce that is too short',
  parameters: { nonce: 'x' },
  ...problem(400, 'Bad Request', 'invalid_input', { fields: { nonce: 'malformed' } }),
}

export const service: Record<string, Example[]> = {
  testKeys: [
    {
      name: 'forms',
      summary: 'Of a product',
      parameters: { product },
      status: 200,
      answer: {
        product,
        root_public_key: 'lJ2fG8Zq0v3mX1cB7nD5kT9wR4sY6uHpE0aIoQxLzVU=',
        keys: [{ key: ok, code: 'ok', notes: [] }],
      },
    },
    {
      name: 'no_name',
      summary: 'Without a product',
      ...problem(400, 'Bad Request', 'invalid_input', { fields: { product: 'required' } }),
    },
    {
      name: 'unknown_product',
      summary: 'A product that is not sold here',
      parameters: { product: 'nothing' },
      ...problem(404, 'Not Found', 'unknown_product'),
    },
  ],
  ping: [{ name: 'pong', summary: 'It can', status: 200, answer: { ok: true } }],
  time: [
    {
      name: 'now',
      summary: 'With a nonce, which the signed time repeats',
      parameters: { nonce: 'qL3vT8wZ1xN5' },
      status: 200,
      answer: { time: '2026-07-01T09:30:00.000Z', signed: jws },
    },
    shortNonce,
  ],
  signingKeys: [
    {
      name: 'set',
      summary: 'One key',
      status: 200,
      answer: {
        keys: [
          {
            kty: 'OKP',
            crv: 'Ed25519',
            x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
            kid: 'Ib2Vyk3pWqTz0sXc',
            use: 'sig',
            alg: 'EdDSA',
          },
        ],
        signed: jws,
      },
    },
  ],
}
