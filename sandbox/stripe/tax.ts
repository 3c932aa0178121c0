import type Stripe from 'stripe'
import { newId } from './ids'
import { taxIdsOf } from './tax-ids'
import type { World } from './world'

/** What a line costs: what it says, the tax in it or on it, and both. */
export interface Taxed {
  subtotal: number
  tax: number
  total: number
  /** Undefined where no tax is computed at all. */
  rule?: { behavior: 'exclusive' | 'inclusive'; rate: string; reason: Reason; taxable: number }
}

type Reason = 'standard_rated' | 'reverse_charge' | 'not_collecting' | 'customer_exempt'

/** The tax of a place, for one who buys. */
export interface TaxRule {
  percentage: number
  reason: Reason
  rate: string
}

const home = 'FR'
const percentage = 20
const union = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' '),
)

/**
 * The made-up rule that stands for Stripe Tax: 20 % in the European Union, none for a company elsewhere in it that has a
 * VAT number, none outside.
 */
export function taxRule(
  world: World,
  buyer: { country: string; exempt: string | null | undefined; hasVatNumber: boolean },
): TaxRule {
  const { country, exempt, hasVatNumber } = buyer
  const reason: Reason =
    exempt === 'exempt'
      ? 'customer_exempt'
      : exempt === 'reverse' || (union.has(country) && country !== home && hasVatNumber)
        ? 'reverse_charge'
        : union.has(country)
          ? 'standard_rated'
          : 'not_collecting'
  const rated = reason === 'standard_rated' ? percentage : 0
  return { percentage: rated, reason, rate: rateOf(world, country, rated).id }
}

/** The rule for a customer; undefined while nobody knows where they are. */
export function taxRuleOf(world: World, customer: Stripe.Customer): TaxRule | undefined {
  const country = customer.address?.country
  if (!country) return undefined
  const hasVatNumber = taxIdsOf(world, customer.id).some(({ type }) => type === 'eu_vat')
  return taxRule(world, { country, exempt: customer.tax_exempt, hasVatNumber })
}

function rateOf(world: World, country: string, rated: number): Stripe.TaxRate {
  const known = world.tables.taxRates.all((rate) => rate.country === country && rate.percentage === rated)[0]
  return (
    known ??
    world.tables.taxRates.put({
      id: newId('txr'),
      object: 'tax_rate',
      active: true,
      country,
      created: world.time.now(),
      description: null,
      display_name: 'VAT',
      effective_percentage: rated,
      flat_amount: null,
      inclusive: false,
      jurisdiction: country,
      jurisdiction_level: 'country',
      livemode: false,
      metadata: {},
      percentage: rated,
      rate_type: 'percentage',
      state: null,
      tax_type: 'vat',
    })
  )
}

/** @param behavior of the price; where it says nothing, tax comes on top */
export function taxed(amount: number, behavior: string, rule: TaxRule | undefined): Taxed {
  if (!rule) return { subtotal: amount, tax: 0, total: amount }
  const { percentage: percent, rate, reason } = rule
  const included = behavior === 'inclusive'
  const taxable = included ? Math.round((amount * 100) / (100 + percent)) : amount
  const tax = included ? amount - taxable : Math.round((amount * percent) / 100)
  return {
    subtotal: amount,
    tax,
    total: included ? amount : amount + tax,
    rule: { behavior: included ? 'inclusive' : 'exclusive', rate, reason, taxable },
  }
}
