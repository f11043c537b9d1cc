/**
 * Works until it is killed, and says what was acknowledged as soon as it was: `node mortal.ts URL RUN`. It says `ready`,
 * and then lines of a {@link Journal} and of stages.
 */
import * as Effect from "effect/Effect"
import { writeSync } from "node:fs"
import { flushCompileCache } from "node:module"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { Journal } from "./Journal.ts"
import { journalWorker } from "./journalWorker.ts"
import { layerOf } from "./layerOf.ts"
import { live } from "./stages.ts"

const [, , url = "", run = ""] = process.argv

/** Not through a stream, which would keep it until later. */
const say = (...words: ReadonlyArray<string | number>) => writeSync(1, `${words.join(" ")}\n`)

const program = Effect.gen(function*() {
  const storage = yield* TaskStorage
  const journal = new Journal()
  // Who is killed has no time to do this at its end.
  flushCompileCache()
  say("ready")
  const worker = (name: string) =>
    journalWorker({
      storage,
      name,
      journal,
      note: (write, taskId, fate) => {
        journal.note(write, taskId, fate)
        say(write, taskId, fate)
      },
      isOver: () => false
    })
  const lives = (name: string) =>
    Effect.gen(function*() {
      for (let count = 0;; count++) {
        const taskId = `${name}-${count}`
        yield* live(storage, taskId, (stage) => say("reached", taskId, stage))
      }
    })
  yield* Effect.all([worker(`${run}-first`), worker(`${run}-second`), lives(`${run}-third`), lives(`${run}-fourth`)], {
    concurrency: "unbounded"
  })
})

await Effect.runPromise(Effect.provide(program, layerOf(url, { maintenance: { interval: 200 } })))
