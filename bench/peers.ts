/**
 * The runner against the systems that a user would take instead: tasks that do nothing, on one PostgreSQL server, which
 * waits for the disk at each commit, as PostgreSQL does by default.
 */
import * as Effect from "effect/Effect"
import { openTaskRunner } from "mcp-task-storage/promise"
import { connect } from "../test/layers/postgres/database.ts"
import { startPostgresWith } from "../test/layers/postgres/startPostgres.ts"
import { learnStatements, throughPg } from "./barePostgres.ts"
import { promises } from "./callers.ts"
import { newId } from "./ids.ts"
import { installPeers } from "./installPeers.ts"
import { type Contender, measure } from "./measure.ts"
import { measureLatency } from "./measureLatency.ts"
import { openPool } from "./openPool.ts"
import { call, operations } from "./operations.ts"
import { awaiting, type AwaitingSystem, type System } from "./peers/System.ts"
import { print, printThroughput } from "./report.ts"
import { payload, settings } from "./settings.ts"

const { latencyTurns, peerRounds, peerTasks } = settings

const callers = 20

/** Connections of each system. */
const maxConnections = 20

const openRunner = async (url: string): Promise<AwaitingSystem> => {
  const runner = await openTaskRunner(url, { postgres: { maxConnections } })
  await runner.register({ method: call.originalMethod, run: async () => ({}) })
  const start = async () => {
    const { taskId } = await runner.startTask(call)
    return () => runner.storage.awaitTask(taskId)
  }
  return awaiting("mcp-task-storage", start, () => runner.close())
}

const opened = <Opened extends System>(open: () => Promise<Opened>) =>
  Effect.acquireRelease(Effect.promise(open), ({ close }) => Effect.promise(close))

const openSystems = Effect.gen(function*() {
  // They are not there before they are installed.
  const { openDbos } = yield* Effect.promise(() => import("./peers/dbos.ts"))
  const { openPgBoss } = yield* Effect.promise(() => import("./peers/pgBoss.ts"))
  const { openGraphileWorker } = yield* Effect.promise(() => import("./peers/graphileWorker.ts"))

  const server = yield* startPostgresWith({ fsync: "on" })
  const freshUrl = Effect.map(server.database, (name) => server.url(name))
  const url = yield* freshUrl
  const runner = yield* opened(() => openRunner(url))
  const [dbosUrl, bossUrl, graphileUrl] = [yield* freshUrl, yield* freshUrl, yield* freshUrl]
  const dbos = yield* opened(() => openDbos(dbosUrl, maxConnections, payload))
  const pgBoss = yield* opened(() => openPgBoss(bossUrl, maxConnections, payload))
  const graphilePool = yield* openPool(graphileUrl, 1)
  const graphileWorker = yield* opened(() =>
    openGraphileWorker(graphileUrl, maxConnections, payload, async (table) => {
      const { rows } = await graphilePool.query<[count: number]>({
        text: `SELECT count(*)::int FROM ${table}`,
        rowMode: "array"
      })
      return rows[0]?.[0] ?? 0
    })
  )

  const statements = yield* learnStatements(yield* connect(url, { maxConnections: 1 }))
  const pool = yield* openPool(url, 1)
  const create = throughPg(pool, operations.create, statements.create)
  const settle = throughPg(pool, operations.settle, statements.settle)
  const bare = async () => {
    const id = newId()
    await create(id)
    await settle(id)
  }
  return { runner, dbos, others: [pgBoss, graphileWorker], bare }
})

type Systems = Effect.Success<typeof openSystems>

const load = { callers, operations: peerTasks, prepare: async () => [""] }

/** Callers that create one task after the other, until all tasks have ended. */
const drained = ({ create, ended }: System): Contender => {
  const created = promises(load, create)
  return {
    operations: created.operations,
    prepare: async () => {
      const run = await created.prepare()
      return async () => {
        await run()
        await ended()
      }
    }
  }
}

const compareThroughput = async ({ dbos, others, runner }: Systems) => {
  const measured = drained(runner)
  const peers = [dbos, ...others].map((system) => ({ subject: system.name, contender: drained(system) }))
  const micros = await measure([measured, ...peers.map(({ contender }) => contender)], peerRounds)
  const comparisons = peers.map(({ contender, subject }) => ({
    subject,
    micros: micros(measured),
    baseline: micros(contender)
  }))
  const fastest = Math.min(...comparisons.map(({ baseline }) => baseline))
  printThroughput(
    `The runner on PostgreSQL, tasks that do nothing: ${callers} callers create ${peerTasks.toLocaleString("en")}, ` +
      "until all have ended",
    ["runner", "peer"],
    comparisons.map((comparison) => comparison.baseline === fastest ? { ...comparison, target: 1.5 } : comparison)
  )
}

const compareWaited = async ({ dbos, runner }: Systems) => {
  const [measured, peer] = [promises(load, runner.run), promises(load, dbos.run)]
  const micros = await measure([measured, peer], peerRounds)
  printThroughput(`The same, where each of the ${callers} callers waits for its task`, ["runner", "peer"], [
    { subject: dbos.name, micros: micros(measured), baseline: micros(peer) }
  ])
}

const compareLatency = async ({ bare, dbos, runner }: Systems) => {
  const micros = await measureLatency([runner.run, dbos.run, bare], latencyTurns)
  const against = (subject: string, way: () => Promise<void>, target: number) => ({
    subject,
    micros: micros(runner.run),
    baseline: micros(way),
    target
  })
  print("One such task at a time, from its creation until its end is known, median", ["runner", "other"], [
    against(dbos.name, dbos.run, 1),
    against("its two statements on a connection of pg", bare, 1.3)
  ])
}

/** Measures and prints, where the peers can be installed. */
export const benchPeers = async (): Promise<void> => {
  try {
    installPeers()
  } catch {
    console.warn("\nNOT MEASURED: peers, because npm could not install them")
    return
  }
  await Effect.runPromise(Effect.scoped(Effect.flatMap(openSystems, (systems) =>
    Effect.promise(async () => {
      await compareThroughput(systems)
      await compareWaited(systems)
      await compareLatency(systems)
    }))))
}
