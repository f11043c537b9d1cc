/**
 * A server of the chaos: `node server.ts URL SKEW LEASE LONGEST`. It runs tasks with a clock that is SKEW milliseconds
 * ahead. It reads commands, a line each, and says what was acknowledged, as soon as it was.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { writeSync } from "node:fs"
import { createInterface } from "node:readline"
import { layer as runnerLayer, TaskRunner } from "../../../src/runner/index.ts"
import { layerOf } from "../../layers/faults/layerOf.ts"
import { answerFor, makeTools } from "./tools.ts"

const [, , url = "", skew = "0", lease = "0", longest = "0"] = process.argv

/** Not through a stream, which would keep it until later. */
const say = (...words: ReadonlyArray<string>) => Effect.sync(() => writeSync(1, `${words.join(" ")}\n`))

const live = Context.get(Context.empty(), Clock.Clock)
const millis = Number(skew)
const skewed: Clock.Clock = {
  currentTimeMillisUnsafe: () => live.currentTimeMillisUnsafe() + millis,
  currentTimeMillis: Effect.sync(() => live.currentTimeMillisUnsafe() + millis),
  currentTimeNanosUnsafe: () => live.currentTimeNanosUnsafe() + BigInt(millis) * 1_000_000n,
  currentTimeNanos: Effect.sync(() => live.currentTimeNanosUnsafe() + BigInt(millis) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => live.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: live.monotonicTimeNanos,
  sleep: (duration) => live.sleep(duration)
}

const acknowledged: { readonly [command: string]: string } = {
  start: "started",
  answer: "answered",
  cancel: "cancelled"
}

const program = Effect.gen(function*() {
  const runner = yield* TaskRunner
  yield* Effect.forEach(
    makeTools((what, taskId) => say(what, taskId), Number(longest)),
    (tool) => runner.register(tool)
  )
  const obey = (line: string): Effect.Effect<void> => {
    const [command = "", taskId = "", name = ""] = line.split(" ")
    const done = Effect.matchEffect({
      onSuccess: () => say(acknowledged[command] ?? "", taskId),
      onFailure: (error: { readonly _tag: string }) => say("refused", taskId, error._tag)
    })
    switch (command) {
      case "start":
        return done(runner.startTask({ taskId, originalMethod: "tools/call", originalParams: { name, arguments: {} } }))
      case "answer":
        return done(runner.provideInput(taskId, { which: answerFor(taskId) }))
      case "cancel":
        return done(runner.cancelTask(taskId))
      default:
        return Effect.die(new Error(`no command: ${line}`))
    }
  }
  yield* say("ready")
  yield* Stream.fromAsyncIterable(createInterface(process.stdin), String)
    .pipe(
      Stream.mapEffect(obey, { concurrency: "unbounded" }),
      Stream.runDrain
    )
})

const layer = Layer.provide(
  runnerLayer({ lease: Number(lease), recovery: { interval: Number(lease) / 4 }, shutdownTimeout: 0 }),
  layerOf(url, { maintenance: false })
)

await Effect.runPromise(program.pipe(Effect.provide(layer), Effect.provideService(Clock.Clock, skewed)))
