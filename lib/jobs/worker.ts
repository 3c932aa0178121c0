import { EventEmitter } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Logger, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker'
import { Pool } from 'pg'
import { closePool, openPoolAt, pool } from '@/db/client'
import { throwIfNotMigrated, unavailableWhenDown } from '@/db/failures'
import { signHeads } from '@/lib/audit/sign-heads'
import { checkHeadsFile } from '@/lib/audit/signed-heads'
import { env } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { log } from '@/lib/log'
import { sendInvitation } from '@/lib/organizations/send-invitation'
import {
  sendAskedToJoin,
  sendKeyRevealed,
  sendRemoved,
  sendRoleChanged,
} from '@/lib/organizations/send-member-change'
import { sendRequestAnswered, sendRequestAsked } from '@/lib/organizations/send-request'
import { alignAutomatic } from '@/lib/payments/automatic/align'
import { endAtStripe } from '@/lib/payments/automatic/end-at-stripe'
import { sendAutomaticEnded, sendChargeFailed } from '@/lib/payments/automatic/send-automatic'
import { closeCheckouts } from '@/lib/payments/close-checkouts'
import { reconcileNightly } from '@/lib/payments/reconcile'
import { findWaitingKeys, remind } from '@/lib/payments/remind'
import { sendKeysReady } from '@/lib/payments/send-keys-ready'
import { sendKeysReturned } from '@/lib/payments/send-keys-returned'
import { sendPaidLate } from '@/lib/payments/send-paid-late'
import { sendPaymentFailed } from '@/lib/payments/send-payment-failed'
import { sendPaymentMatter } from '@/lib/payments/send-payment-matter'
import { sendNotInGlpi, sendReminders } from '@/lib/payments/send-reminders'
import { workEvents } from '@/lib/payments/work-events'
import { sendEmailChange } from '@/lib/people/send-email-change'
import { sendNewDevice } from '@/lib/people/send-new-device'
import { sendSignIn } from '@/lib/people/send-sign-in'
import { sendTrialConfirm } from '@/lib/people/send-trial-confirm'
import { checkStart } from '@/lib/start'
import { remindTrials } from '@/lib/trials/remind'
import { sendTrialBegun, sendTrialEnds } from '@/lib/trials/send-trial'
import { sendTrialWaits } from '@/lib/trials/send-waits'
import { settleSignUp } from '@/lib/trials/settle-sign-up'
import { cleanUp } from './clean-up'
import type { Jobs } from './jobs'
import { LastingClient } from './lasting-client'
import { Presence } from './presence'

const concurrency = 4
const presenceSeconds = 10
/** Every day at 3:17, 3:47, 6:23 and 6:37 UTC; a night without a worker is made up for. Signing is hourly, and by one worker at a time. */
const crontab = `17 3 * * * clean_up ?fill=1d&max=3
47 3 * * * reconcile_payments ?fill=1d&queue=reconcile_payments
23 6 * * * remind ?fill=1d&max=3
37 6 * * * remind_trials ?fill=1d&max=3
41 * * * * find_waiting_keys
7 * * * * sign_audit_heads ?queue=sign_audit_heads`

declare global {
  namespace GraphileWorker {
    interface Tasks extends Jobs {}
  }
}

const tasks: TaskList = {
  'mail.sign_in': (payload) => sendSignIn(payload),
  'mail.trial_confirm': (payload) => sendTrialConfirm(payload),
  'mail.trial_waits': (payload) => sendTrialWaits(payload),
  settle_sign_up: ({ signUpId }) => settleSignUp(signUpId),
  'mail.new_device': (payload) => sendNewDevice(payload),
  'mail.email_change': (payload) => sendEmailChange(payload),
  'mail.invitation': (payload) => sendInvitation(payload),
  'mail.role_changed': (payload) => sendRoleChanged(payload),
  'mail.removed': (payload) => sendRemoved(payload),
  'mail.asked_to_join': (payload) => sendAskedToJoin(payload),
  'mail.key_revealed': (payload) => sendKeyRevealed(payload),
  'mail.keys_ready': (payload) => sendKeysReady(payload),
  'mail.keys_returned': (payload) => sendKeysReturned(payload),
  'mail.payment_failed': (payload) => sendPaymentFailed(payload),
  'mail.paid_late': (payload) => sendPaidLate(payload),
  'mail.payment_matter': (payload) => sendPaymentMatter(payload),
  'mail.reminders': (payload) => sendReminders(payload),
  'mail.not_in_glpi': (payload) => sendNotInGlpi(payload),
  'mail.trial_begun': (payload) => sendTrialBegun(payload),
  'mail.trial_ends': (payload) => sendTrialEnds(payload),
  'mail.request_asked': (payload) => sendRequestAsked(payload),
  'mail.request_answered': (payload) => sendRequestAnswered(payload),
  'mail.automatic_ended': (payload) => sendAutomaticEnded(payload),
  'mail.charge_failed': (payload) => sendChargeFailed(payload),
  close_checkouts: (payload) => closeCheckouts(payload),
  align_automatic: async (payload) => void (await alignAutomatic(payload)),
  end_automatic: (payload) => endAtStripe(payload),
  remind,
  remind_trials: remindTrials,
  find_waiting_keys: findWaitingKeys,
  clean_up: cleanUp,
  reconcile_payments: reconcileNightly,
  sign_audit_heads: signHeads,
}

/** The library's lines without their facts: those hold payloads. */
const libraryLog = new Logger((scope) => (level, message) => {
  const facts = { job: scope.jobId, task: scope.taskIdentifier }
  if (level === 'error') log.error(facts, message)
  else if (level === 'warning') log.warn(facts, message)
  else log.debug(facts, message)
})

/**
 * @returns the runner, and what releases all that it held
 * @throws Unavailable when the database goes away meanwhile
 */
async function start(connectionString: string) {
  const connections = new Pool({
    Client: LastingClient,
    connectionString,
    max: concurrency + 2,
    connectionTimeoutMillis: 2_000,
  })
  // Without handlers, a Postgres that restarts would end this process.
  const broke = (error: Error) => log.warn({ error: error.message }, 'a connection of the worker broke')
  connections.on('error', broke)
  connections.on('connect', (client) => client.on('error', broke))
  const events: WorkerEvents = new EventEmitter()
  const presences: Presence[] = []
  events.on('pool:create', ({ workerPool }) => {
    const presence = new Presence(connectionString, workerPool.id)
    presences.push(presence)
    void presence.renew()
  })
  const renewal = setInterval(() => {
    for (const presence of presences) void presence.renew()
  }, presenceSeconds * 1000)
  const release = async () => {
    clearInterval(renewal)
    await Promise.all(presences.map((presence) => presence.end()))
    await connections.end()
  }
  let runner: Runner | undefined
  try {
    return await unavailableWhenDown(async () => {
      runner = await run({
        pgPool: connections,
        taskList: tasks,
        crontab,
        concurrency,
        events,
        logger: libraryLog,
        noHandleSignals: true,
      })
      return { runner, release }
    })
  } catch (error) {
    await runner?.stop().catch(() => {})
    await release()
    throw error
  }
}

/** Takes no new job from the first request to stop on, and lets those under way finish. */
function stopWhenAsked(runner: Runner) {
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    log.info('the worker stops')
    runner.stop().catch((error: unknown) => log.error({ err: error }, 'the worker could not stop in order'))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** A database that is down stops no start, as in the web process: mails wait in it for just as long. */
async function untilDatabaseAnswers() {
  for (let tries = 0; ; tries++) {
    try {
      await pool().query('select 1')
      return
    } catch (error) {
      throwIfNotMigrated(error)
      if (tries === 0) log.warn({ err: error }, 'the database does not answer; the worker waits for it')
      await wait(1_000)
    }
  }
}

async function startOnceDatabaseAnswers(connectionString: string) {
  for (;;) {
    await untilDatabaseAnswers()
    if (!(await checkStart())) continue
    try {
      return await start(connectionString)
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
    }
  }
}

async function main() {
  const { WORKER_DATABASE_URL } = env()
  if (!WORKER_DATABASE_URL) throw new Error('WORKER_DATABASE_URL is missing; .env.example explains it')
  await checkHeadsFile()
  openPoolAt(WORKER_DATABASE_URL)
  const { runner, release } = await startOnceDatabaseAnswers(WORKER_DATABASE_URL)
  log.info('the worker is ready')
  stopWhenAsked(runner)
  const events = new AbortController()
  const worked = workEvents(events.signal)
  // Rejects when the worker cannot go on; whatever supervises this process then starts it anew.
  await runner.promise
  events.abort()
  await worked
  await release()
  await closePool()
}

try {
  await main()
} catch (error) {
  process.stderr.write(`The worker ends. ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
