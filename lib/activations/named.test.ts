import { expect, test } from 'vitest'
import { normalizeNamed, normalizeNames } from './named'

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

test.each([
  ['X0K6JX SRA76V', ['X0K6JX', 'SRA76V']],
  ['X0K6JX,\nsra76v and K-768RGA', ['X0K6JX', 'SRA76V', 'K-768RGA']],
  ['GLPI shows the codes X0K6JX and SRA76V', ['X0K6JX', 'SRA76V']],
  [
    'with the code X0K6JX: https://p.example/open/X0K6JX\nwith the code SRA76V: https://p.example/open/SRA76V.',
    ['X0K6JX', 'SRA76V'],
  ],
  ['7qf 3x0', ['7QF3X0']],
  ['the plugin keyword', []],
])('%j names each of %j', (typed, names) => {
  expect(normalizeNames(typed)).toEqual(names)
})
