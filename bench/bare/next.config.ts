import path from 'node:path'
import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  serverExternalPackages: ['pg'],
  // The packages are the product's, two folders up.
  turbopack: { root: path.resolve(import.meta.dirname, '../..') },
}

export default config
