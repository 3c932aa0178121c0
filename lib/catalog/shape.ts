import type { z } from 'zod'

type Issue = z.core.$ZodRawIssue

const mustBe: Record<string, string> = {
  boolean: 'this must be true or false',
  number: 'this must be a whole number',
  int: 'this must be a whole number',
  array: 'this must be a list',
}
const mustBeGiven: Record<string, string> = {
  string: 'this must be text',
  object: 'this must have fields of its own',
}

/**
 * What a field of a catalog must be, in the words of the file that the operator writes: a validator's name types.
 * @returns undefined for what a schema of the catalog has a code of its own for
 */
export function sayShape(issue: Issue): string | undefined {
  if (issue.path?.length === 1 && issue.path[0] === 'products')
    return 'this must be a list of one product or more'
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'this is missing'
      return (
        mustBe[issue.expected] ?? (issue.input === null ? 'this is missing' : mustBeGiven[issue.expected])
      )
    case 'invalid_value':
      return `this must be one of: ${issue.values.join(', ')}`
    case 'too_small':
      return issue.origin === 'string' ? 'this is empty' : `this must be ${issue.minimum} or more`
    case 'too_big':
      return issue.origin === 'string'
        ? `this is longer than ${issue.maximum} characters`
        : `this must be ${issue.maximum} or less`
    case 'invalid_format':
      return issue.format === 'url'
        ? 'this must be an address that begins with https:// or http://'
        : undefined
    default:
      return undefined
  }
}
