export const templateDatabase = 'latchkey'

export const loginRoles = {
  app: 'latchkey_app',
  worker: 'latchkey_worker',
  keyService: 'latchkey_key_service',
}

/** Addresses of databases in the run's cluster, with `DATABASE` where the name of one goes. */
export type ClusterUrls = Record<'owner' | 'app' | 'worker' | 'keyService', string>

declare module 'vitest' {
  interface ProvidedContext {
    urls: ClusterUrls
  }
}
