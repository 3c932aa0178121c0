import Stripe from 'stripe'
import { z } from 'zod'
import { type Answer, failed, json } from './answer'
import { expanded, type Included, type Whole } from './expand'
import { Failure, invalid, notHere } from './failure'
import { type FormFields, parseForm } from './form'
import { Keys } from './idempotency'
import { newId } from './ids'
import { readParams, text } from './params'
import { matching, type Route } from './route'
import type { World } from './world'

/** What was asked, as HTTP says it. */
export interface Asked {
  method: string
  path: string
  query: string
  body: string
  headers: Record<string, string | string[] | undefined>
}

export interface Api {
  world: World
  routes: Route[]
  find: { whole: Whole; included: Included }
  keys: Keys
}

type Hold = (call: () => Answer) => Promise<Answer>

export const newApi = (world: World, routes: Route[], find: Api['find']): Api => ({
  world,
  routes,
  find,
  keys: new Keys(),
})

/**
 * Answers as Stripe's API does.
 * @param hold does what was asked for, or something else; meanwhile the request's idempotency key is in use
 */
export async function answerTo(api: Api, asked: Asked, hold: Hold): Promise<Answer> {
  const key = asked.method === 'POST' ? header(asked, 'idempotency-key') : undefined
  const id = newId('req', 14)
  const answer = await answered(api, asked, key, id, hold)
  return {
    ...answer,
    headers: {
      'request-id': id,
      'stripe-version': Stripe.API_VERSION,
      ...(key ? { 'idempotency-key': key } : {}),
      ...answer.headers,
    },
  }
}

async function answered(
  api: Api,
  asked: Asked,
  key: string | undefined,
  id: string,
  hold: Hold,
): Promise<Answer> {
  let call: () => Answer
  try {
    api.world.time.run()
    authenticate(asked)
    const prepared = prepare(api, asked)
    const before = key && api.keys.begin(key, asked.path, asked.body, api.world.time.now())
    if (before) return { ...before, headers: { ...before.headers, 'idempotent-replayed': 'true' } }
    call = () => run(api, prepared, { id, idempotencyKey: key ?? null })
  } catch (error) {
    // Refused before anything was begun: nothing is kept under the key.
    return failed(error)
  }
  const answer = await hold(call)
  if (key) api.keys.keep(key, { ...answer, headers: { ...answer.headers, 'original-request': id } })
  return answer
}

interface Prepared {
  make: (world: World) => object
  expand: string[]
}

function run(api: Api, { make, expand }: Prepared, request: NonNullable<World['request']>): Answer {
  const { world } = api
  world.request = request
  try {
    return json(200, expanded(world, make(world), expand, api.find))
  } catch (error) {
    return failed(error)
  } finally {
    world.request = null
  }
}

/** @throws {Failure} when the path or the parameters are not Stripe's, or not the stand-in's. */
function prepare(api: Api, asked: Asked): Prepared {
  const found = matching(api.routes, asked.method, asked.path)
  if (!found) throw notHere(`${asked.method} ${asked.path}`)
  const { expand = [], ...fields } = { ...formOf(asked.query), ...formOf(asked.body) }
  return {
    make: found.route.prepare(fields, found.ids),
    expand: readParams(z.strictObject({ expand: z.array(text).max(20) }), { expand }).expand,
  }
}

function formOf(form: string): FormFields {
  try {
    return parseForm(form)
  } catch {
    throw invalid('Invalid request: the parameters are nested too deep.')
  }
}

function authenticate(asked: Asked) {
  const [scheme, token = ''] = (header(asked, 'authorization') ?? '').split(' ')
  const secret = scheme === 'Basic' ? Buffer.from(token, 'base64').toString().split(':')[0] : token
  if (!secret) {
    throw unauthorized(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    )
  }
  if (!/^(?:sk|rk)_test_\w+$/.test(secret)) {
    throw unauthorized(`Invalid API Key provided: ${secret.slice(0, 8)}****`)
  }
  const version = header(asked, 'stripe-version')
  if (version && version !== Stripe.API_VERSION) throw invalid(`Invalid Stripe API version: ${version}`)
}

const unauthorized = (message: string) => new Failure(401, { type: 'invalid_request_error', message })

function header(asked: Asked, name: string): string | undefined {
  const value = asked.headers[name]
  return Array.isArray(value) ? value[0] : value
}
