/** Two servers on one database, as two processes have it: what one begins the other goes on with. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { freshFile } from "../../layers/sqlite/database.ts"
import { legacy, type Message, modern, type Open, taskIdOf } from "../../support/wire.ts"
import { serveUsers } from "./servers.ts"

const twoServers = Effect.gen(function*() {
  const storage = SqliteTaskStorage.layer({ filename: yield* freshFile })
  return [yield* serveUsers(storage), yield* serveUsers(storage)] as const
})

const user = { user: "ann" }

const nextOf = (stream: Open, isIt: (message: Message) => boolean): Effect.Effect<Message> =>
  Effect.flatMap(stream.next, (message) => isIt(message) ? Effect.succeed(message) : nextOf(stream, isIt))

describe("two servers on one database", () => {
  it.live("read each other's tasks, in either revision", () =>
    Effect.gen(function*() {
      const [first, second] = yield* twoServers
      const old = yield* legacy(first, user)
      const failing = taskIdOf(yield* old.task("failing_job"))
      yield* old.until(failing, "failed")
      const read = yield* modern(second, user).get(failing)
      assert.strictEqual(read.result.status, "completed")
      assert.isTrue(read.result.result.isError)
      assert.notInclude(JSON.stringify(read.result), "related-task")
      const created = taskIdOf(yield* modern(second, user).tool("slow_compute", { seconds: 0.3 }))
      const { result } = yield* old.call("tasks/result", { taskId: created })
      assert.deepStrictEqual(result.structuredContent, { text: "done " })
    }))

  it.live("ask on one what runs on the other, and cancel it", () =>
    Effect.gen(function*() {
      const [first, second] = yield* twoServers
      const client = modern(first, user)
      const old = yield* legacy(second, user)
      const taskId = taskIdOf(yield* client.tool("confirm_delete", { filename: "a.txt" }))
      const stream = yield* old.open("tasks/result", { taskId })
      const request = yield* nextOf(stream, ({ method }) => method === "elicitation/create")
      yield* old.respond(request, { action: "accept", content: { confirm: true } })
      const { result } = yield* nextOf(stream, ({ method }) => method === undefined)
      // A mere text is text in this revision, and JSON in the other.
      assert.strictEqual(result.content[0].text, "deleted a.txt")
      assert.strictEqual((yield* client.get(taskId)).result.result.content[0].text, "\"deleted a.txt\"")
      const running = taskIdOf(yield* client.tool("slow_compute", { seconds: 60 }))
      assert.strictEqual((yield* old.call("tasks/cancel", { taskId: running })).result.status, "cancelled")
      assert.strictEqual((yield* client.get(running)).result.status, "cancelled")
    }))

  it.live("tell the subscribers of one what happens on the other", () =>
    Effect.gen(function*() {
      const [first, second] = yield* twoServers
      const taskId = taskIdOf(yield* modern(first, user).tool("confirm_delete", { filename: "a.txt" }))
      const stream = yield* modern(second, user).open("subscriptions/listen", { notifications: { taskIds: [taskId] } })
      yield* nextOf(stream, ({ params }) => params?.["status"] === "input_required")
      yield* modern(first, user).call("tasks/update", { taskId, inputResponses: { confirm: { action: "cancel" } } })
      const last = yield* nextOf(stream, ({ params }) => params?.["status"] === "completed")
      assert.strictEqual(last.params?.["result"].structuredContent, "kept a.txt")
    }))
})
