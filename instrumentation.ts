/** Runs once before the web process serves. */
export async function register() {
  if (process.env.NEXT_RUNTIME === 'nodejs') {
    const { startOrExit } = await import('@/lib/start')
    await startOrExit()
  }
}
