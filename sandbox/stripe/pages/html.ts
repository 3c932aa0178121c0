import type Stripe from 'stripe'
import type { Answer } from '../answer'
import { spoken } from '../periods'

/** Markup that is already safe. */
export interface Html {
  markup: string
}

type Part = string | number | null | undefined | Html | Html[]

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const markupOf = (part: Part): string => {
  if (part === null || part === undefined) return ''
  if (Array.isArray(part)) return part.map(({ markup }) => markup).join('')
  return typeof part === 'object' ? part.markup : escaped(String(part))
}

/** Markup with values in it, which are escaped unless they are markup themselves. */
export const html = (strings: TemplateStringsArray, ...parts: Part[]): Html => ({
  markup: strings.map((text, at) => text + (at < parts.length ? markupOf(parts[at]) : '')).join(''),
})

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#1a1f36}
label{display:block;margin:.75rem 0}input,select{font:inherit;padding:.4rem;width:100%;box-sizing:border-box}
input[type=radio],input[type=checkbox]{width:auto}fieldset{border:1px solid #cfd7df;border-radius:6px;margin:1rem 0}
button{font:inherit;padding:.6rem 1rem;background:#4f46e5;color:#fff;border:0;border-radius:6px}
table{width:100%;border-collapse:collapse}td,th{text-align:left;padding:.3rem 0;border-bottom:1px solid #e3e8ee}
td:last-child,th:last-child{text-align:right}.note{background:#fef9c3;padding:.5rem .75rem;border-radius:6px}
[role=alert]{background:#fde2e2;padding:.5rem .75rem;border-radius:6px}`

/** A whole page. Each says that no money moves here. */
export function page(title: string, body: Html, status = 200): Answer {
  const whole = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${{ markup: style }}</style></head><body>
<p class="note">This stands in for Stripe. No money moves.</p><h1>${title}</h1>${body}</body></html>`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: whole.markup }
}

export const redirect = (location: string): Answer => ({ status: 303, headers: { location }, body: '' })

export const money = (amount: number | null, currency: string | null) =>
  spoken(amount ?? 0, currency ?? 'eur')

export const date = (moment: number | null) =>
  moment === null ? '' : new Date(moment * 1000).toISOString().slice(0, 10)

/** A field with its label. */
export const field = (label: string, name: string, value = '', more = '') =>
  html`<label>${label}<input name="${name}" value="${value}" ${{ markup: more }}></label>`

export const addressFields = (known: Stripe.Address | null | undefined) =>
  html`${field('Address', 'line1', known?.line1 ?? '')}${field('Postal code', 'postal_code', known?.postal_code ?? '')}
${field('City', 'city', known?.city ?? '')}${field('Country (two letters)', 'country', known?.country ?? '', 'maxlength="2" required')}`

/** The address that was entered, if any was. */
export function enteredAddress(form: URLSearchParams): Stripe.Address | null {
  const of = (name: string) => form.get(name)?.trim() || null
  const country = of('country')?.toUpperCase()
  if (!country) return null
  return {
    city: of('city'),
    country,
    line1: of('line1'),
    line2: null,
    postal_code: of('postal_code'),
    state: null,
  }
}
