/** Servers on one storage that are killed and started again while they run tasks: what must hold all the same. */
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import type { TaskRecord } from "mcp-task-storage"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { type ChildProgram, startProgram } from "../../layers/faults/childProcess.ts"
import type { FaultStore } from "../../layers/faults/FaultTarget.ts"
import { answerFor, type ToolName, toolNames } from "./tools.ts"

export interface Chaos {
  readonly servers: number
  /** Milliseconds that it goes on. */
  readonly duration: number
  /** Milliseconds from one kill to the next. */
  readonly killInterval: number
  /** Milliseconds of a lease, which have to be more than the clocks differ. */
  readonly lease: number
  /** Milliseconds by which clocks are wrong, at most. */
  readonly skew: number
  /** Milliseconds that the work of a tool takes, at most. */
  readonly longest: number
}

/** What was heard of a task. */
interface Story {
  readonly tool: ToolName
  began: number
  stepped: number
  isStarted: boolean
  isCancelled: boolean
}

interface Server {
  readonly program: ChildProgram
  readonly scope: Scope.Closeable
}

/** How many servers are killed at least. */
const leastKills = 3

const serverProgram = new URL("server.ts", import.meta.url)

/** Makes chaos, waits until every task has ended, and judges each of them. Gives how many there were, and kills. */
export const checkChaos = Effect.fnUntraced(function*<E>(store: FaultStore<E>, chaos: Chaos) {
  const storage = yield* TaskStorage.fromDriver(yield* store.openDriver(), { maintenance: false })
  const stories = new Map<string, Story>()
  const servers: Array<Server> = []
  let kills = 0
  let reruns = 0
  let count = 0

  const hear = (line: string): void => {
    const [what, taskId = ""] = line.split(" ")
    const story = stories.get(taskId)
    if (story === undefined) return
    if (what === "began") story.began++
    else if (what === "stepped") story.stepped++
    else if (what === "started") story.isStarted = true
    else if (what === "cancelled") story.isCancelled = true
  }

  const startServer = Effect.gen(function*() {
    const scope = yield* Scope.make()
    const skew = yield* Random.nextIntBetween(-chaos.skew, chaos.skew)
    const args = [store.url, String(skew), String(chaos.lease), String(chaos.longest)]
    const program = yield* Effect.provideService(startProgram(serverProgram, args), Scope.Scope, scope)
    assert.strictEqual(yield* program.nextLine, "ready")
    const listen: Effect.Effect<void> = Effect.flatMap(program.nextLine, (line) => {
      if (line === undefined) return Effect.void
      hear(line)
      return listen
    })
    yield* Effect.forkIn(listen, scope)
    return { program, scope }
  })

  const anyServer = Effect.suspend(() =>
    Effect.flatMap(Random.nextIntBetween(0, servers.length - 1), (index) => Effect.fromNullishOr(servers[index]))
  ).pipe(Effect.orDie)

  const tell = (line: string) => Effect.flatMap(anyServer, ({ program }) => program.say(line))

  /** Starts a task, the end of whose id says how long it takes. */
  const startOne = Effect.fnUntraced(function*(tool: ToolName, length: string, server: Server) {
    const taskId = `${tool}-${count++}-${length}`
    const story: Story = { tool, began: 0, stepped: 0, isStarted: false, isCancelled: false }
    stories.set(taskId, story)
    yield* server.program.say(`start ${taskId} ${tool}`)
    return story
  })

  const killOne = Effect.gen(function*() {
    const index = yield* Random.nextIntBetween(0, servers.length - 1)
    const server = servers[index]
    if (server === undefined) return
    // In the middle of one task that may run again, and of one that may not.
    const started = yield* Effect.forEach(["once", "again"] as const, (tool) => startOne(tool, "ff", server))
    yield* realSleep(50).pipe(
      Effect.repeat({ until: () => started.every(({ began }) => began > 0) }),
      Effect.timeoutOption("30 seconds")
    )
    for (const line of yield* server.program.kill) hear(line)
    yield* Scope.close(server.scope, Exit.void)
    kills++
    servers[index] = yield* startServer
  })

  /** Answers whatever waits for it, again and again until that is acknowledged. */
  const answerSome = Effect.gen(function*() {
    const { tasks } = yield* storage.listTaskSummaries({ status: "input_required", limit: 1_000 })
    for (const { taskId } of tasks) if (yield* Random.nextBoolean) yield* tell(`answer ${taskId}`)
  })

  const cancelOne = Effect.gen(function*() {
    const { tasks } = yield* storage.listTaskSummaries({ status: "working", limit: 100 })
    const index = yield* Random.nextIntBetween(0, Math.max(tasks.length - 1, 0))
    const task = tasks[index]
    if (task !== undefined) yield* tell(`cancel ${task.taskId}`)
  })

  for (let index = 0; index < chaos.servers; index++) servers.push(yield* startServer)
  const over = (yield* Clock.currentTimeMillis) + chaos.duration
  let nextKill = (yield* Clock.currentTimeMillis) + chaos.killInterval
  // On a busy machine it takes longer until so many servers were killed and started again.
  for (let round = 1; (yield* Clock.currentTimeMillis) < over || kills < leastKills; round++) {
    const length = (yield* Random.nextIntBetween(0, 255)).toString(16).padStart(2, "0")
    yield* startOne(toolNames[count % toolNames.length] ?? "once", length, yield* anyServer)
    if (round % 4 === 0) yield* answerSome
    if (round % 9 === 0) yield* cancelOne
    if ((yield* Clock.currentTimeMillis) >= nextKill) {
      yield* killOne
      // From when the next server is there: to start one may take longer than the tasks in between.
      nextKill = (yield* Clock.currentTimeMillis) + chaos.killInterval
    }
    yield* realSleep(80)
  }

  // From here on nobody is killed: whatever was begun has to come to an end.
  const settled = yield* Effect.gen(function*() {
    const unended = yield* Effect.forEach(
      ["working", "input_required"] as const,
      (status) => Effect.map(storage.listTaskSummaries({ status, limit: 1_000 }), ({ tasks }) => tasks)
    )
    if (unended.flat().length === 0) return true
    yield* answerSome
    yield* realSleep(200)
    return false
  }).pipe(
    Effect.repeat({ until: (isOver) => isOver }),
    Effect.timeoutOption(chaos.lease * 6 + chaos.longest + 30_000)
  )
  assert.isTrue(Option.isSome(settled), "tasks are left that never end")
  for (const { program, scope } of servers) {
    for (const line of yield* program.kill) hear(line)
    yield* Scope.close(scope, Exit.void)
  }

  const outcomes = new Map<string, number>()
  for (const [taskId, story] of stories) {
    const record = Option.getOrUndefined(yield* storage.getTask(taskId))
    if (record === undefined) {
      assert.isFalse(story.isStarted, `${taskId} was acknowledged, and is lost`)
      continue
    }
    judge(record, story)
    if (story.tool === "again" && story.began > 1 && record.status === "completed") reruns++
    const key = `${story.tool} ${record.status}`
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
  }
  return { kills, outcomes, reruns }
})

const judge = (record: TaskRecord, story: Story): void => {
  const { result, status, taskId } = record
  const about = `${taskId}: ${JSON.stringify({ status, result, story, attempt: record.attempt })}`
  assert.include(["completed", "failed", "cancelled"], status, about)
  assert.notExists(record.leaseExpiresAt, about)
  if (story.isCancelled) assert.strictEqual(status, "cancelled", about)
  if (status !== "cancelled") assert.exists(result, about)
  if (story.tool === "once") assert.isAtMost(story.began, 1, about)
  if (story.tool === "steps" && status === "completed") assert.isAtLeast(story.stepped, 1, about)
  if (status === "failed" && story.tool !== "fails") {
    assert.strictEqual(story.tool, "once", about)
    assert.include(JSON.stringify(result), "Interrupted", about)
  }
  if (story.tool === "fails" && status === "failed") {
    assert.deepEqual(result, { _tag: "Error", code: -32001, message: "as it should" }, about)
  }
  if (status === "completed") {
    const which = answerFor(taskId)
    const value = story.tool === "asks" || story.tool === "waits" ? { which } : { did: taskId }
    assert.deepEqual(result, { _tag: "Success", value }, about)
  }
}
