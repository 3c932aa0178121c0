import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'

const Unit = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(
    z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
})

const EndToEnd = z.object({
  stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number() }),
  errors: z.array(z.unknown()),
})

type Count = { passed: number; failed: number }

function readReport<T>(name: string, schema: z.ZodType<T>): T | undefined {
  const file = `.reports/${name}.json`
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined
}

function countUnit(): Count {
  const report = readReport('unit', Unit)
  if (!report) return { passed: 0, failed: 0 }
  // A file that fails as a whole (it does not load, it leaks a connection) has no failed test to count.
  const files = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  )
  return { passed: report.numPassedTests, failed: report.numFailedTests + files.length }
}

function countEndToEnd(): Count {
  const report = readReport('e2e', EndToEnd)
  if (!report) return { passed: 0, failed: 0 }
  const { expected, unexpected, flaky } = report.stats
  return { passed: expected, failed: unexpected + flaky + report.errors.length }
}

const counts = [countUnit(), countEndToEnd()]
const passed = counts.reduce((sum, count) => sum + count.passed, 0)
const failed = counts.reduce((sum, count) => sum + count.failed, 0)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
// Nothing counted is not success: then no runner got as far as its report.
if (failed > 0 || passed === 0) process.exit(1)
