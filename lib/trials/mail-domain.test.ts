import { expect, test } from 'vitest'
import { isDisposable, ownDomain } from './mail-domain'

test.each([
  ['grace@brightwater.example', 'brightwater.example'],
  ['grace@mail.brightwater.example', 'brightwater.example'],
  ['grace@it.town.co.uk', 'town.co.uk'],
  // Who rents a name below a hoster's has that, and not the hoster's.
  ['grace@town.github.io', 'town.github.io'],
  ['grace@gmail.com', null],
  ['grace@orange.fr', null],
  ['grace@mailinator.com', null],
  ['grace@co.uk', null],
])('%s belongs by its domain to %s', (email, domain) => {
  expect(ownDomain(email)).toBe(domain)
})

test.each([
  ['ann@mailinator.com', true],
  ['ann@some.mailinator.com', true],
  ['ann@gmail.com', false],
  ['ann@brightwater.example', false],
])('%s is thrown away after a mail: %s', (email, disposable) => {
  expect(isDisposable(email)).toBe(disposable)
})
