'use server'

import { redirect } from 'next/navigation'
import { act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { Refused, Unavailable } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { beginAutomatic } from '@/lib/payments/automatic/begin'
import { endAutomatic } from '@/lib/payments/automatic/end'
import { startAutomatic } from '@/lib/payments/automatic/start'
import { beginCheckout } from '@/lib/payments/begin-checkout'
import { giveUpCheckout } from '@/lib/payments/give-up-checkout'
import { openPortal } from '@/lib/payments/open-portal'
import { openSession } from '@/lib/payments/open-session'
import { basketIn, chooseAt } from './basket'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

const listed = (written: string) => written.split(' ').filter(Boolean)

/** Reserves what was shown, and leads to Stripe; where Stripe does not answer, to the page on which it can be tried again. */
export async function pay(_state: FormState, form: FormData): Promise<FormState> {
  return act('checkout.begin', form, async ({ by, organization }) => {
    const subscriptionIds = listed(text(form, 'subscriptionIds'))
    const { checkoutId } = await beginCheckout(by, {
      subscriptionIds,
      purchases: basketIn(listed(text(form, 'purchases'))),
      shown: Number(text(form, 'shown')),
      currency: text(form, 'currency'),
    })
    const page = `/${organization.slug}/billing/checkouts/${checkoutId}`
    // Whoever may begin it was asked just now.
    const opened = await openSession({ ...by, actor: { kind: 'system' } }, checkoutId).catch(
      (error: unknown) => {
        if (error instanceof Unavailable) return { url: page }
        throw error
      },
    )
    redirect(opened.url)
  })
}

export async function goOn(_state: FormState, form: FormData): Promise<FormState> {
  return act('checkout.open', form, async ({ by, organization }) => {
    const checkoutId = text(form, 'checkoutId')
    const page = `/${organization.slug}/billing/checkouts/${checkoutId}`
    // Another gave it up or paid it meanwhile: its page says so.
    const opened = await openSession(by, checkoutId).catch((error: unknown) => {
      if (error instanceof Refused && error.code === 'checkout_ended') return { url: page }
      throw error
    })
    redirect(opened.url)
  })
}

/** Where the form says what it was for, that is chosen again. */
export async function giveUp(_state: FormState, form: FormData): Promise<FormState> {
  return act('checkout.give_up', form, async ({ by, organization }) => {
    const checkoutId = text(form, 'checkoutId')
    const state = await giveUpCheckout(by, checkoutId)
    const billing = `/${organization.slug}/billing`
    const subscriptionIds = listed(text(form, 'subscriptionIds')).filter(isId)
    const purchases = basketIn(listed(text(form, 'purchases')))
    const choosesAgain = state === 'given_up' && subscriptionIds.length + purchases.length > 0
    redirect(billing + (choosesAgain ? chooseAt({ subscriptionIds, purchases }) : `/checkouts/${checkoutId}`))
  })
}

/** Reserves what was shown, or goes on with what a member reserved, and leads to Stripe where a means of payment is to be given. */
export async function switchOn(_state: FormState, form: FormData): Promise<FormState> {
  return act('automatic.begin', form, async ({ by, organization }) => {
    const subscriptionId = text(form, 'subscriptionId')
    const asked = { subscriptionId, shown: Number(text(form, 'shown')), currency: text(form, 'currency') }
    const { renewalId } = await beginAutomatic(by, asked)
    const page = `/${organization.slug}/billing/automatic/${subscriptionId}`
    const { url } = await startAutomatic(organization.organizationId, renewalId)
    redirect(url ?? page)
  })
}

export async function endRenewal(_state: FormState, form: FormData): Promise<FormState> {
  return act('automatic.end', form, async ({ by, organization }) => {
    await endAutomatic(by, { renewalId: text(form, 'renewalId') })
    redirect(`/${organization.slug}/billing/automatic/${text(form, 'subscriptionId')}?done=ended`)
  })
}

export async function manage(_state: FormState, form: FormData): Promise<FormState> {
  return act('billing.open_portal', form, async ({ by }) => {
    redirect((await openPortal(by)).url)
  })
}
