/**
 * How much is measured: `--quick`, or `BENCH_QUICK=1`, for a look of seconds instead of minutes.
 */
const quick = process.argv.includes("--quick") || process.env["BENCH_QUICK"] === "1"

/** The smallest one first, which the others are compared with. */
const sizes = (smallest: number, ...larger: ReadonlyArray<number>) => [smallest, ...larger] as const

export const settings = {
  quick,
  /** Rounds of each contender, alternating; the median counts. */
  rounds: quick ? 3 : 9,
  /** Operations in a round. */
  memoryOperations: quick ? 1_000 : 20_000,
  sqliteOperations: quick ? 300 : 1_500,
  /** Multiples of a hundred: each of them waits for the disk. */
  commits: quick ? 200 : 1_000,
  serverOperations: quick ? 96 : 320,
  /** Calls of a tool: servers are warm after some thousands. */
  callOperations: quick ? 160 : 320,
  callWarmUp: quick ? 12 : 25,
  pages: quick ? 32 : 96,
  /** Slices of two sides that take turns, how many operations or pages are in one, and how many do not count. */
  pairs: quick ? 25 : 151,
  pairWarmUp: quick ? 25 : 50,
  pairOperations: 20,
  pairPages: 2,
  /** Servers have moods, which many short rounds even out. */
  serverRounds: quick ? 15 : 31,
  /** The AWS SDK takes its time. */
  dynamoDbPages: quick ? 8 : 64,
  dynamoDbRounds: quick ? 5 : 15,
  serverWarmUp: quick ? 2 : 5,
  /** Tasks that a runner and its peers run in a round, and the turns of those who run one at a time. */
  peerTasks: quick ? 500 : 2_000,
  peerRounds: quick ? 3 : 9,
  latencyTurns: quick ? 10 : 40,
  /** Tasks that merely wait: those that are watched for some seconds, and as many as one process may hold. */
  waitingTasks: quick ? 500 : 2_000,
  waitingSeconds: quick ? 10 : 60,
  manyWaiting: quick ? 2_000 : 20_000,
  /** Tasks that a killed process leaves. */
  abandonedTasks: quick ? 1_000 : 5_000,
  abandonedRounds: quick ? 1 : 5,
  /** Writes of which the log of PostgreSQL is read. */
  loggedTasks: quick ? 200 : 1_000,
  /** Tasks that an operator runs again, copies and deletes at once. */
  bulkTasks: quick ? 2_000 : 10_000,
  /** Tasks that move from engine to engine, and those that move to DynamoDB Local, which takes long for each. */
  movedTasks: quick ? 2_000 : 100_000,
  movedToDynamoDb: quick ? 200 : 100_000,
  /** How many ask at once, where that matters. */
  callerCounts: [1, 32],
  /** Tasks that are stored while something is measured. */
  memorySizes: sizes(1_000, ...quick ? [10_000] : [10_000, 100_000]),
  sqliteStored: quick ? 1_000 : 10_000,
  postgresStored: quick ? 1_000 : 10_000,
  /** What a person on call asks, and of how many tasks. */
  adminSize: quick ? 20_000 : 1_000_000,
  adminRounds: quick ? 3 : 7,
  growthSizes: sizes(1_000, ...quick ? [10_000] : [100_000, 1_000_000])
}

const filler = "x".repeat(160)

/** About 200 bytes of JSON each. */
export const payload = { name: "render", arguments: { text: filler } }
export const result = { content: [{ type: "text", text: filler }] }
