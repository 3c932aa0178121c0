import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // No page of ours uses it, and whoever finds it could have it write to the log what is no line of the log.
  images: { unoptimized: true },
  serverExternalPackages: ['graphile-worker', 'pg', 'pino'],
  headers: async () => [
    {
      // Its address names its version (`npm run icons`); what a page shows while offline needs its icons as well.
      source: '/icons.svg',
      headers: [{ key: 'Cache-Control', value: 'public, max-age=31536000, immutable' }],
    },
  ],
}

export default config
