import { isLoopback } from '@/lib/env'
import type { Answer } from '../answer'
import type { Asked } from '../api'
import { daySeconds, live, type StandIn } from '../control'
import { closeDispute, openDispute } from '../disputes'
import { Fault } from '../faults'
import { type Html, html, money, page, redirect } from './html'

const options = (values: string[]) => values.map((value) => html`<option>${value}</option>`)

function happened({ api: { world }, deliveries }: StandIn): Html {
  const rows = world.tables.events
    .all()
    .slice(0, 30)
    .map(({ id, type, created }) => {
      const tries = deliveries.attempts
        .filter(({ event }) => event === id)
        .map(({ status }) => status ?? 'no answer')
      return html`<tr><td>${new Date(created * 1000).toISOString()}</td><td>${type}</td><td>${tries.join(', ')}</td>
<td><button name="resend" value="${id}">Send again</button></td></tr>`
    })
  return html`<h2>Events</h2><form method="post"><table><tbody>${rows}</tbody></table></form>`
}

function disputes({ api: { world } }: StandIn): Html {
  const charges = world.tables.charges.all(({ status }) => status === 'succeeded').slice(0, 10)
  const rows = charges.map((charge) => {
    const dispute = world.tables.disputes.all((one) => one.charge === charge.id)[0]
    const undecided = dispute && dispute.status !== 'won' && dispute.status !== 'lost'
    const act = !dispute
      ? html`<button name="dispute" value="${charge.id}">Dispute</button>`
      : undecided
        ? html`<button name="won" value="${dispute.id}">Won</button> <button name="lost" value="${dispute.id}">Lost</button>`
        : html`${dispute.status}`
    return html`<tr><td>${charge.id}</td><td>${money(charge.amount, charge.currency)}</td><td>${act}</td></tr>`
  })
  return html`<h2>Charges</h2><form method="post"><table><tbody>${rows}</tbody></table></form>`
}

function show(standIn: StandIn, refused?: string): Answer {
  const { api, faults } = standIn
  const now = new Date(api.world.time.clock() * 1000)
  const going = faults.all().map((fault) => html`<li><code>${JSON.stringify(fault)}</code></li>`)
  return page(
    'The stand-in for Stripe',
    html`${refused ? html`<p role="alert">${refused}</p>` : null}
<h2>Clock</h2><form method="post"><p>${now.toISOString()}</p>
<button name="days" value="1">One day later</button> <button name="days" value="30">30 days later</button>
<button name="days" value="365">One year later</button></form>
<h2>Faults</h2><ul>${going}</ul>
<form method="post"><label>Webhooks <select name="webhook">${options(['drop', 'duplicate', 'delay', 'reorder'])}</select></label>
<label>Of type <input name="type" placeholder="invoice.*"></label><label>How often <input name="times" inputmode="numeric"></label><button>Add</button></form>
<form method="post"><label>The API <select name="api">${options(['fail 500', 'fail 429', 'slow', 'truncate', 'hang', 'refuse'])}</select></label>
<label>Path begins <input name="path" value="/v1/"></label><label>How often <input name="times" inputmode="numeric"></label><button>Add</button></form>
<form method="post"><button name="clear" value="1">No more faults</button></form>
${disputes(standIn)}${happened(standIn)}`,
    refused ? 400 : 200,
  )
}

function act(standIn: StandIn, form: URLSearchParams) {
  const { api, faults, deliveries } = standIn
  const { world } = api
  const of = (name: string) => form.get(name)?.trim() || undefined
  const times = of('times') ? { times: Number(of('times')) } : {}
  const [days, webhook, onApi, resend, dispute] = [
    of('days'),
    of('webhook'),
    of('api'),
    of('resend'),
    of('dispute'),
  ]
  if (days) setOut(standIn, Number(days))
  if (webhook)
    faults.add(
      Fault.parse({ on: 'webhook', do: webhook, ...(of('type') ? { type: of('type') } : {}), ...times }),
    )
  if (onApi) {
    const [what, status] = onApi.split(' ')
    faults.add(
      Fault.parse({
        on: 'api',
        do: what,
        path: of('path'),
        ...(status ? { status: Number(status) } : {}),
        ...times,
      }),
    )
  }
  if (of('clear')) {
    faults.clear()
    deliveries.release()
  }
  if (resend) deliveries.resend(resend)
  if (dispute) openDispute(world, world.tables.charges.get(dispute), 'fraudulent')
  for (const verdict of ['won', 'lost'] as const) {
    const id = of(verdict)
    if (id) closeDispute(world, world.tables.disputes.get(id), verdict)
  }
}

/** Not waited for: a year of renewals takes a minute, and the page shows how far it is. */
function setOut(standIn: StandIn, days: number) {
  if (standIn.travel && !standIn.travel.failed) return
  const travel: NonNullable<StandIn['travel']> = { to: standIn.api.world.time.clock() + days * daySeconds }
  standIn.travel = travel
  live(standIn, travel.to, daySeconds).then(
    () => {
      standIn.travel = undefined
    },
    (error: Error) => {
      travel.failed = error.message
    },
  )
}

/** How far the days have come. It looks again by itself, and goes back to the portal at the end. */
function showTravel({ api: { world }, travel }: StandIn, back: string | null): Answer {
  const today = new Date(world.time.clock() * 1000).toISOString().slice(0, 10)
  // Nowhere but to this machine.
  const home = back && URL.canParse(back) && isLoopback(new URL(back).hostname) ? back : '/'
  if (travel?.failed)
    return page(
      'The days stand still',
      html`<p role="alert">${travel.failed}</p><p><a href="${home}">Back</a></p>`,
      500,
    )
  if (!travel) return redirect(home)
  const events = world.tables.events.all().length
  const shown = page(
    'Days go by',
    html`<p role="status">It is ${today}. ${events} events so far.</p>
<p>On the way to ${new Date(travel.to * 1000).toISOString().slice(0, 10)}.</p>`,
  )
  return { ...shown, headers: { ...shown.headers, refresh: '1' } }
}

/** The page from which people move the clock, open disputes and let things go wrong. */
export function answerPanel(standIn: StandIn, asked: Asked): Answer {
  if (asked.path === '/travel') return showTravel(standIn, new URLSearchParams(asked.query).get('back'))
  if (asked.method !== 'POST') return show(standIn)
  try {
    const form = new URLSearchParams(asked.body)
    act(standIn, form)
    return redirect(
      form.has('days') ? `/travel?${new URLSearchParams({ back: form.get('back') ?? '/' })}` : '/',
    )
  } catch (error) {
    if (error instanceof Error) return show(standIn, error.message)
    throw error
  }
}
