import { expect, test } from 'vitest'
import { normalizeNamed } from './named'

test.each([
  ['x0k6jx', 'X0K6JX'],
  ['X0K6JX.', 'X0K6JX'],
  ['« X0K6JX »', 'X0K6JX'],
  [
    'The key belongs to another GLPI. Say so in the portal with the code X0K6JX: https://p.example/open/X0K6JX',
    'X0K6JX',
  ],
  ['Cette clé appartient à un autre GLPI. Dites-le au portail avec le code X0K6JX.', 'X0K6JX'],
  ['https://p.example/open/K-768RGA', 'K-768RGA'],
  ['k-768rga,', 'K-768RGA'],
  ['k768rga', 'K-768RGA'],
  ['la clé K-768RGA ne marche pas', 'K-768RGA'],
  ['nothing of the kind', null],
  ['', null],
])('%j names %j, typed or pasted into the portal', (typed, named) => {
  expect(normalizeNamed(typed)).toBe(named)
})
