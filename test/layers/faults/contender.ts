/**
 * One of two processes that contend on one store: `node contender.ts URL LIMITED_URL INDEX`. It says `ready`, is told a
 * contest, and says as JSON what it has won, until it is told no more.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createInterface } from "node:readline"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { contests, isContest, room } from "./contests.ts"
import { layerOf } from "./layerOf.ts"

const [, , url = "", limitedUrl = "", index = ""] = process.argv

const open = (url: string, maxTasks?: number) =>
  Effect.map(Layer.build(layerOf(url, { maintenance: false, maxTasks })), (built) => Context.get(built, TaskStorage))

const program = Effect.gen(function*() {
  const contender = { storage: yield* open(url), limited: yield* open(limitedUrl, room), index: Number(index) }
  const lines = createInterface(process.stdin)[Symbol.asyncIterator]()
  process.stdout.write("ready\n")
  while (true) {
    const { value: name = "" } = yield* Effect.promise(() => lines.next())
    if (!isContest(name)) return
    const won = yield* contests[name](contender)
    process.stdout.write(`${JSON.stringify(won)}\n`)
  }
})

await Effect.runPromise(Effect.scoped(program))
process.stdin.destroy()
