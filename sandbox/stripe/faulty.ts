import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, failed, json } from './answer'
import { type Api, type Asked, answerTo } from './api'
import { Failure } from './failure'
import type { ApiFault } from './faults'

const plain = async (call: () => Answer) => call()

/** @returns null where nothing is answered: `silent` keeps the connection open, otherwise it is cut */
type Outcome = { answer: Answer } | { answer: null; silent: boolean }

/** Answers, with what was asked to go wrong. */
export async function answerWith(fault: ApiFault | undefined, api: Api, asked: Asked): Promise<Outcome> {
  if (!fault) return { answer: await answerTo(api, asked, plain) }
  if (fault.do === 'fail') return { answer: await failing(fault, api, asked) }
  if (fault.do === 'slow') {
    const slowly = async (call: () => Answer) => {
      await wait(fault.milliseconds)
      return call()
    }
    return { answer: await answerTo(api, asked, slowly) }
  }
  if (fault.do === 'hang' || fault.do === 'refuse') {
    if (fault.effect) await answerTo(api, asked, plain)
    return { answer: null, silent: fault.do === 'hang' }
  }
  const answer = await answerTo(api, asked, plain)
  const body = answer.body.toString()
  if (fault.do === 'truncate') return { answer: { ...answer, body: body.slice(0, body.length / 2) } }
  return { answer: { ...answer, body: JSON.stringify({ ...JSON.parse(body), ...fault.change }) } }
}

async function failing(fault: ApiFault, api: Api, asked: Asked): Promise<Answer> {
  const failure = failureOf(fault)
  // The key layer keeps 500s alone; a rate limit comes before it, and others are the way's, not Stripe's.
  if (fault.status !== 500 || !fault.kept) {
    if (fault.effect) await answerTo(api, asked, plain)
    return failure
  }
  return answerTo(api, asked, async (call) => {
    if (fault.effect) call()
    return failure
  })
}

function failureOf({ status, permission }: ApiFault): Answer {
  if (permission)
    return json(status, { error: { type: 'invalid_request_error', message: notAllowed(permission) } })
  if (status !== 429)
    return json(status, { error: { type: 'api_error', message: 'An unknown error occurred' } })
  return failed(
    new Failure(429, {
      type: 'invalid_request_error',
      code: 'rate_limit',
      message:
        'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
    }),
  )
}

/** As Stripe says it, of an unknown key on an unknown account: https://github.com/stripe/stripe-node/issues/2246 */
const notAllowed = (permission: string) =>
  `The provided key 'rk_test_*****keyend' does not have the required permissions for this endpoint on account 'acct_stand_in'. Having the '${permission}' permission would allow this request to continue.`
