import { testActivation, testKey } from '@/lib/activations/test-keys'
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

const id = testActivation(ok, installation_id)
const lease = '0199f3a2-7c1e-7d54-9c3b-5b1f0c8e2a61'
const portal = 'https://portal.example.com'
const verdict = {
  valid: true,
  code: 'ok',
  notes: [],
  message: 'This key is valid for Forms Pro.',
  page: `${portal}/open/K-7QF3XM`,
}
const said = {
  malformed:
    'This key was changed on its way. Character 9: “p” is wrong. Copy it anew from the portal and paste it alone into the field.',
  unknown: 'Nobody was given this key here. Compare it with the one in the portal.',
  expired: 'This key worked until June 30, 2026. Have it renewed, and put the new key in its place.',
  bound_elsewhere:
    'This key belongs to another GLPI. If this one has moved, say so in the portal with the code TEST00.',
}
const check = { page: `${portal}/check` }
const refusedAs = {
  malformed: problem(400, 'Bad Request', 'malformed', { detail: said.malformed, ...check }),
  unknown: problem(404, 'Not Found', 'unknown', { detail: said.unknown, ...check }),
  expired: problem(403, 'Forbidden', 'expired', { detail: said.expired, page: `${portal}/open/K-TEST00` }),
  bound_elsewhere: problem(409, 'Conflict', 'bound_elsewhere', {
    detail: said.bound_elsewhere,
    page: `${portal}/open/TEST00`,
    refusal_code: 'TEST00',
  }),
}
const malformedKey = `${ok.slice(0, 8)}${ok[8] === 'q' ? 'p' : 'q'}${ok.slice(9)}`

/** What each operation refuses that takes a key, signed where a lease was asked for. */
function refusals(body: Record<string, unknown>, parameters?: Example['parameters']): Example[] {
  const at = parameters ? { parameters } : {}
  const signed = ({ status, answer }: (typeof refusedAs)['unknown']) => ({
    status,
    answer: { ...answer, signed: jws },
  })
  const key = (code: 'expired' | 'bound_elsewhere') => ({ ...body, key: testKey(product, code) })
  return [
    { name: 'missing', summary: 'A field is missing', ...at, body: { key: ok, product }, ...missing },
    {
      name: 'malformed',
      summary: 'A mistyped key',
      ...at,
      body: { ...body, key: malformedKey },
      ...signed(refusedAs.malformed),
    },
    {
      name: 'unknown',
      summary: 'A key that nobody has',
      ...at,
      body: { ...body, key: unknownKey },
      ...signed(refusedAs.unknown),
    },
    {
      name: 'expired',
      summary: 'A key that has ended',
      ...at,
      body: key('expired'),
      ...signed(refusedAs.expired),
    },
    {
      name: 'bound_elsewhere',
      summary: 'A key of another GLPI',
      ...at,
      body: key('bound_elsewhere'),
      ...signed(refusedAs.bound_elsewhere),
    },
  ]
}

const caller = { product, installation_id, product_version: '3.2.0', glpi_version: '11.0.2' }
const leased = { activation: { id, environment: 'production' }, lease: jws, verdict }
const secret = 'Tz8kW1rX0cVnB5mQ7yLpD3fGhJ2sA9eUiO6tR4wEzK0'

export const activations: Record<string, Example[]> = {
  activate: [
    {
      name: 'first',
      summary: 'The first call of an installation',
      body: { key: yourKey, ...caller, url: 'https://glpi.example.com', nonce: 'qL3vT8wZ1xN5' },
      status: 201,
      answer: { ...leased, activation: { ...leased.activation, secret } },
    },
    {
      name: 'test_key',
      summary: 'A test key',
      body: { key: ok, ...caller },
      status: 200,
      answer: leased,
    },
    ...refusals(caller),
  ],
  refresh: [
    {
      name: 'test_key',
      summary: 'A test key',
      parameters: { id },
      body: { key: ok, ...caller, lease },
      status: 200,
      answer: leased,
    },
    ...refusals(caller, { id }),
    {
      name: 'unknown_activation',
      summary: 'An activation that is over',
      parameters: { id: lease },
      body: { key: ok, ...caller },
      ...problem(404, 'Not Found', 'unknown_activation'),
    },
  ],
  giveBack: [
    {
      name: 'test_key',
      summary: 'A test key',
      parameters: { id },
      body: { key: ok, installation_id, secret },
      status: 200,
      answer: { frees_at: '2026-07-08T09:30:00.000Z', signed: jws },
    },
    {
      name: 'missing',
      summary: 'A field is missing',
      parameters: { id },
      body: { key: ok },
      ...missing,
    },
    {
      name: 'wrong_product',
      summary: 'A product that the key is not for',
      parameters: { id },
      body: { key: ok, installation_id, product: 'another' },
      ...problem(403, 'Forbidden', 'wrong_product', {
        detail: 'This key is for Forms Pro, and not for this plugin.',
        page: `${portal}/open/K-TEST00`,
        signed: jws,
      }),
    },
    {
      name: 'unknown',
      summary: 'A key that nobody has',
      parameters: { id },
      body: { key: unknownKey, installation_id },
      status: 404,
      answer: { ...refusedAs.unknown.answer, signed: jws },
    },
  ],
  validate: [
    {
      name: 'ok',
      summary: 'A key that is good',
      body: { key: ok, product },
      status: 200,
      answer: { ...verdict, signed: jws },
    },
    {
      name: 'expired',
      summary: 'A key that has ended',
      body: { key: testKey(product, 'expired'), product },
      status: 200,
      answer: { ...verdict, valid: false, code: 'expired', message: said.expired, signed: jws },
    },
    {
      name: 'malformed',
      summary: 'A mistyped key',
      body: { key: malformedKey, product },
      status: 200,
      answer: {
        valid: false,
        code: 'malformed',
        notes: [],
        message: said.malformed,
        ...check,
        signed: jws,
      },
    },
    {
      name: 'missing',
      summary: 'No key',
      body: { product },
      ...problem(400, 'Bad Request', 'invalid_input', { fields: { key: 'required' } }),
    },
  ],
}
