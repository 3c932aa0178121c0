export type FormValue = string | FormValue[] | FormFields
export interface FormFields {
  [name: string]: FormValue
}

/** How deep Stripe's own parameters go, with room. */
const deepest = 12

/**
 * What a form's text says, with `a[b][0][c]=1` as nested fields and lists: the way the SDK writes parameters.
 * @throws {RangeError} when a name is nested deeper than any parameter is.
 */
export function parseForm(text: string): FormFields {
  const fields: FormFields = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.replaceAll(']', '').split('[')
    if (path.length > deepest) throw new RangeError('nested too deep')
    put(fields, path, value)
  }
  return listed(fields)
}

function put(fields: FormFields, path: string[], value: string) {
  const [name = '', ...rest] = path
  // `a[]=1` appends.
  const key = name === '' && fields !== undefined ? String(Object.keys(fields).length) : name
  if (rest.length === 0) {
    fields[key] = value
    return
  }
  const inner = fields[key]
  const fresh: FormFields = typeof inner === 'object' && !Array.isArray(inner) ? inner : Object.create(null)
  fields[key] = fresh
  put(fresh, rest, value)
}

/** Fields whose names are all numbers are a list. */
function listed(fields: FormFields): FormFields {
  const result: FormFields = {}
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(result, name, { value: asList(value), enumerable: true })
  }
  return result
}

function asList(value: FormValue): FormValue {
  if (typeof value === 'string' || Array.isArray(value)) return value
  const names = Object.keys(value)
  const fields = listed(value)
  return names.length > 0 && names.every((name) => /^\d+$/.test(name)) ? Object.values(fields) : fields
}
