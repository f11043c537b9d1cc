/**
 * A process that can be frozen: `node server.ts URL NAME LEASE`. It reads commands, a line each, and says when work
 * begins, and how it ends.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { writeSync } from "node:fs"
import { createInterface } from "node:readline"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import {
  layer as runnerLayer,
  TaskContext,
  type TaskHandler,
  TaskRunner,
  type TooManyTasks
} from "../../../src/runner/index.ts"
import { layerOf } from "../../layers/faults/layerOf.ts"

const [, , url = "", name = "", lease = "0"] = process.argv

/** Not through a stream, which would keep it until later. */
const say = (...words: ReadonlyArray<string | number>) => Effect.sync(() => writeSync(1, `${words.join(" ")}\n`))

const program = Effect.gen(function*() {
  const runner = yield* TaskRunner
  const thawed = yield* Deferred.make<void>()
  const finished = yield* Deferred.make<void>()
  const own = `only-${name}`
  const works = {
    /** Ends as soon as its process goes on after a freeze, so that its outcome is late. */
    late: Effect.raceFirst(Deferred.await(thawed), Deferred.await(finished)),
    long: Deferred.await(finished),
    /** Never runs twice. */
    once: Deferred.await(finished),
    [own]: Effect.void
  }
  for (const [kind, work] of Object.entries(works)) {
    const handler: TaskHandler = {
      method: "tools/call",
      name: kind,
      lostWorker: kind === "once" ? "fail" : { maxAttempts: 9 },
      run: ({ taskId }) =>
        Effect.flatMap(
          TaskContext,
          ({ attempt }) =>
            Effect.suspend(() => say("began", taskId, attempt, Date.now())).pipe(
              Effect.andThen(work),
              Effect.andThen(say("returned", taskId, attempt)),
              Effect.as({ by: name, attempt }),
              Effect.onInterrupt(() => say("interrupted", taskId, attempt))
            )
        )
    }
    yield* runner.register(handler)
  }
  const obey = (line: string): Effect.Effect<unknown, TaskStorageError | TooManyTasks> => {
    const [command = "", taskId = "", kind = ""] = line.split(" ")
    switch (command) {
      case "start":
        return runner.startTask({ taskId, originalMethod: "tools/call", originalParams: { name: kind } })
      case "freeze":
        // When the process goes on, some of its work ends before any timer has told it the time.
        return say("freezes").pipe(
          Effect.andThen(Effect.sync(() => process.kill(process.pid, "SIGSTOP"))),
          Effect.andThen(Deferred.succeed(thawed, undefined))
        )
      case "finish":
        return Deferred.succeed(finished, undefined)
      case "count":
        return Effect.flatMap(runner.running, (running) => say("runs", running))
      default:
        return Effect.die(new Error(`no command: ${line}`))
    }
  }
  yield* say("ready")
  yield* Stream.fromAsyncIterable(createInterface(process.stdin), String).pipe(
    Stream.mapEffect(obey, { concurrency: "unbounded" }),
    Stream.runDrain
  )
})

const layer = Layer.provide(
  runnerLayer({ lease: Number(lease), recovery: { interval: Number(lease) / 10 }, shutdownTimeout: 0 }),
  layerOf(url, { maintenance: false })
)

await Effect.runPromise(Effect.provide(program, layer))
