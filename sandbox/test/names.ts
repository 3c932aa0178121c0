export const templateDatabase = 'latchkey'

export const loginRoles = { app: 'latchkey_app', worker: 'latchkey_worker' }

/** Addresses of databases in the run's cluster, with `DATABASE` where the name of one goes. */
export type ClusterUrls = { owner: string; app: string; worker: string }

declare module 'vitest' {
  interface ProvidedContext {
    urls: ClusterUrls
  }
}
