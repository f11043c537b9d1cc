/** That `serve` serves the page to whoever has its URL, and to nobody else. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { freePort } from "../../support/freePort.ts"
import { runCommand } from "./runCommand.ts"
import { seededStore, sqlite } from "./stores.ts"

/** Serves until the test is over, and gives what it printed. */
const served = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { url } = yield* seededStore(sqlite)
    const printed = yield* Deferred.make<string>()
    const onOut = (text: string) => Deferred.doneUnsafe(printed, Effect.succeed(text.trim()))
    const serving = yield* Effect.forkScoped(runCommand(["serve", "--url", url, ...args], { onOut }))
    return { page: yield* Deferred.await(printed), serving }
  })

const get = (url: string, headers: { readonly [name: string]: string } = {}) =>
  Effect.promise(() => fetch(url, { redirect: "manual", headers }))

describe("serve", () => {
  it.live("prints a URL with a secret, on loopback, and refuses whoever does not have it", () =>
    Effect.gen(function*() {
      const { page } = yield* served([])
      assert.match(page, /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/)
      const first = yield* get(page)
      assert.include(first.headers.get("set-cookie"), "HttpOnly")
      const { origin, searchParams } = new URL(page)
      const token = searchParams.get("token") ?? ""
      const whole = yield* get(`${origin}/`, { authorization: `Bearer ${token}` })
      assert.strictEqual(whole.status, 200)
      assert.include(yield* Effect.promise(() => whole.text()), "<html")
      for (const url of [`${origin}/`, `${origin}/?token=${"x".repeat(32)}`, `${origin}/-/tasks`]) {
        assert.isAtLeast((yield* get(url)).status, 400, url)
      }
    }))

  it.live("has another secret each time, stops when it is interrupted, and frees its port", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      const pages: Array<string> = []
      for (let round = 0; round < 2; round++) {
        const { page, serving } = yield* served(["--port", String(port)])
        pages.push(page)
        yield* Fiber.interrupt(serving)
      }
      assert.notStrictEqual(pages[0], pages[1])
    }))

  it.live("says why it cannot serve", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      yield* served(["--port", String(port)])
      const { url } = yield* seededStore(sqlite)
      const { code, err } = yield* runCommand(["serve", "--port", String(port), "--url", url])
      assert.strictEqual(code, 1)
      assert.include(err, "EADDRINUSE")
    }))
})
