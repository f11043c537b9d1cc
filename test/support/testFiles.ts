/** Test files that take their time, and those that share no process with others. */

/** They mostly wait: for leases, outages, time limits and processes. Those that wait longest come first. */
export const waitingFiles: ReadonlyArray<string> = [
  "test/layers/postgres/sharedContract.test.ts",
  "test/runner/chaos/chaos.test.ts",
  "test/examples/redis-driver/contract.test.ts",
  "test/runner/{dynamodb,postgres,sqlite,memory}.test.ts",
  "test/layers/postgres/{notify,sharedFaults,connections}.test.ts",
  "test/layers/dynamodb/{acknowledgements,earlierVersion}.test.ts",
  "test/runner/deadConnections.test.ts"
]

/** They compute for long. Those that compute longest come first. */
export const computingFiles: ReadonlyArray<string> = [
  "test/layers/dynamodb/contract.test.ts",
  "test/testing/broken.test.ts",
  "test/runtimes/runtimes.test.ts",
  "test/package/consumers.test.ts",
  "test/layers/faults/dynamodb.test.ts",
  "test/docs/blocks.test.ts",
  "test/layers/faults/postgres.test.ts",
  "test/examples/next.test.ts",
  "test/docs/operations.test.ts",
  "test/layers/{sql,dynamodb}/broken.test.ts",
  "test/layers/{sqlite,postgres}/contract.test.ts",
  "test/layers/sqlite/processes.test.ts",
  "test/admin/{bulk,transfers}.test.ts",
  "test/layers/sql/nextSchema.test.ts",
  "test/admin/dashboard/browser.test.ts",
  "test/layers/faults/*.test.ts",
  "test/layers/memory/contract.test.ts"
]

/** They measure the heap, or look at what a process has one of: metrics, tracers, the console, the environment, unhandled rejections. */
const ofTheirProcess = [
  "test/adapters/load/*.test.ts",
  "test/adapters/sdk-v1/registerTaskTool.test.ts",
  "test/admin/dashboard/nodeHandler.test.ts",
  "test/docs/observability.test.ts",
  "test/examples/*.test.ts",
  "test/layers/dynamodb/credentials.test.ts",
  "test/opentelemetry/*.test.ts",
  "test/package/bundles.test.ts",
  "test/promise/{open,processLife,reporting,runner,runnerWorkers}.test.ts",
  "test/runner/{heap,load,logging,metrics,traces,tracesBelow,tracesOfLaterRuns}.test.ts"
]

/** Of those that share processes the ones that take some seconds, in turns those that compute and those that wait. */
export const longerFiles: ReadonlyArray<string> = [
  "test/layers/sealed/dynamodb.test.ts",
  "test/runner/engineOutages.test.ts",
  "test/layers/sealed/sqlite.test.ts",
  "test/adapters/effect/conformance/conformance.test.ts",
  "test/layers/sealed/postgres.test.ts",
  "test/runner/freezes/*.test.ts",
  "test/layers/sealed/faults.test.ts",
  "test/layers/waitingStress.test.ts",
  "test/layers/changedLimits.test.ts",
  "test/adapters/sdk-v2/conformance.test.ts",
  "test/protocol/behaviours/*.test.ts",
  "test/admin/cli/{process,lists,bulk}.test.ts",
  "test/layers/dynamodb/guards.test.ts",
  "test/admin/killedBulk.test.ts",
  "test/layers/postgres/layers.test.ts",
  "test/layers/sealed/memory.test.ts",
  "test/domain/task/newField.test.ts",
  "test/layers/sqlite/{lostFiles,sharedCommits}.test.ts"
]

export const filesAlone = [...waitingFiles, ...computingFiles, ...ofTheirProcess]
