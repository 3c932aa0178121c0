'use server'

import { redirect } from 'next/navigation'
import { act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import type { Revealed } from '@/components/key-desk'
import { isId } from '@/lib/ids'
import { glpiSteps } from '@/lib/keys/glpi-steps'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { revealKeys } from '@/lib/keys/reveal'

/** Shows or copies one key: the pressed button names the key and what is done with it. */
export async function reveal(_: FormState<Revealed>, form: FormData): Promise<FormState<Revealed>> {
  return act('key.reveal', form, async ({ by, t, organization }) => {
    const [how, keyId = ''] = String(form.get('reveal')).split(' ')
    const copied = how === 'copied'
    const [key] = await revealKeys(by, { keyIds: [keyId], how: copied ? 'copied' : 'shown' })
    if (!key) throw new Error('revealKeys answers for each key or throws')
    const { lead, steps } = glpiSteps(key, t)
    const instance = key.instance ?? organization.name
    const shown = t('keys.copy.shown', { product: key.product, instance, shortId: key.shortId })
    const data: Revealed = {
      keyId: key.id,
      key: key.key,
      copied,
      shown,
      newer: key.waiting && t('keys.copy.newer', { shortId: key.waiting }),
      label: t('keys.copy.key_label', { product: key.product, instance }),
      lead,
      steps: [...steps, t('keys.glpi.leave')],
    }
    return { message: copied ? t('keys.copy.done', { product: key.product }) : shown, data }
  })
}

/** A member says that the new key is in GLPI. */
export async function markInstalled(_: FormState, form: FormData): Promise<FormState> {
  return act('key.note_seen', form, async ({ by, organization }) => {
    await noteKeySeen(by, { keyId: String(form.get('keyId')) })
    const instanceId = form.get('instanceId')
    // Into an address goes nothing but an ID: whatever else was sent may be as long as a form can be.
    redirect(`/${organization.slug}/${isId(instanceId) ? `instances/${instanceId}?done=installed` : 'keys'}`)
  })
}
