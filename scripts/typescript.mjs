import 'tsx'
import { registerHooks } from 'node:module'

/*
 * node --import ./scripts/typescript.mjs FILE: what runs our programs, which is tsx. Each time that a file of drizzle-orm is
 * imported, some 300 times, Node parses that package's package.json, of 180 kB: without this a program starts in twice the time.
 */
const drizzle = new URL('../node_modules/drizzle-orm/', import.meta.url).href
const found = new Map()

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('.') && context.parentURL?.startsWith(drizzle))
      return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true }
    if (!/^drizzle-orm(\/|$)/.test(specifier)) return next(specifier, context)
    const known = found.get(specifier) ?? next(specifier, context)
    found.set(specifier, known)
    return { ...known, shortCircuit: true }
  },
})
