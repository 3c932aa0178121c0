import 'tsx'
import { registerHooks } from 'node:module'

/*
 * node --import ./scripts/typescript.mjs FILE: what runs our programs, which is tsx. To learn that a file of drizzle-orm is
 * a module, Node parses that package's package.json, of 180 kB, once for each of some 300 files: half of the time in which
 * a program started.
 */
const drizzle = new URL('../node_modules/drizzle-orm/', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith('.') && context.parentURL?.startsWith(drizzle)
      ? { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true }
      : next(specifier, context),
})
