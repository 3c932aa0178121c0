import type Stripe from 'stripe'
import { emit } from './events'
import { route } from './route'
import { end } from './subscribing'

/** Their subscriptions end at once. A customer that is deleted can still be retrieved, as one who was. */
export const deleteCustomerRoutes = [
  route('DELETE', '/v1/customers/:id', {}, ({ world, ids }) => {
    const { customers, deletedCustomers } = world.tables
    const customer = customers.get(ids.id)
    const live = world.tables.subscriptions.all(
      (one) => one.customer === customer.id && one.ended_at === null,
    )
    for (const subscription of live) end(world, subscription, 'cancellation_requested')
    emit(world, 'customer.deleted', customer)
    customers.remove(customer.id)
    const deleted: Stripe.DeletedCustomer = { id: customer.id, object: 'customer', deleted: true }
    return deletedCustomers.put(deleted)
  }),
]
