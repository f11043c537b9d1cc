/** Test files that take their time, and those that share no process with others. */

/** Those that take longest, in the order in which they begin. The chaos tests take longest by waiting, and leave the cores to others. */
export const heavyFiles: ReadonlyArray<ReadonlyArray<string>> = [
  ["test/runner/chaos/*.test.ts"],
  [
    "test/**/{contract,sharedContract,broken,processes,blocks,consumers,runtimes}.test.ts",
    "test/layers/faults/*.test.ts",
    "test/layers/sealed/{dynamodb,faults,memory,postgres,sqlite}.test.ts"
  ],
  [
    "test/**/{operations,nextSchema,sharedFaults,connections,bundles,next,earlierVersion,notify,browser}.test.ts",
    "test/runner/{dynamodb,postgres,sqlite,memory}.test.ts"
  ]
]

/** They measure the heap, or look at what a process has one of: metrics, tracers, the console, the environment, unhandled rejections. */
const ofTheirProcess = [
  "test/adapters/load/*.test.ts",
  "test/adapters/sdk-v1/registerTaskTool.test.ts",
  "test/admin/cli/*.test.ts",
  "test/admin/dashboard/nodeHandler.test.ts",
  "test/docs/observability.test.ts",
  "test/examples/*.test.ts",
  "test/layers/dynamodb/credentials.test.ts",
  "test/opentelemetry/*.test.ts",
  "test/promise/{open,processLife,reporting,runner,runnerWorkers}.test.ts",
  "test/runner/{heap,load,logging,metrics,traces}.test.ts"
]

export const filesAlone = [...heavyFiles.flat(), ...ofTheirProcess]
