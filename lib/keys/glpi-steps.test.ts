import { expect, test } from 'vitest'
import { translator } from '@/lib/messages/translator'
import { glpiSteps } from './glpi-steps'

const t = translator('en')
const suite = { product: 'Bundle', contains: ['Forms Pro', 'Signature'], binding: 'url', asksPortal: false }

test.each(['10.0.18', '11.0.4', null])(
  'a suite’s key goes into each of its plugins, and GLPI %s knows none of the suite’s name',
  (glpiVersion) => {
    const [paste = '', ...more] = glpiSteps({ ...suite, glpiVersion }, t).steps
    expect(paste).toContain('for each of Forms Pro, Signature:')
    expect(paste).not.toContain('Bundle')
    expect(more).toEqual([])
  },
)
