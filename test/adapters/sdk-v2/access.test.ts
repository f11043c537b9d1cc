/**
 * Who reaches a task, and what the others are told.
 */
import { ProtocolError } from "@modelcontextprotocol/server"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { describe, expect, test } from "vitest"
import { RawClient, tasksExtension, text } from "./RawClient.ts"
import { serve } from "./serve.ts"
import { registerTools } from "./tools.ts"

const start = async (tasks?: TasksExtension) => {
  const extension = tasks ??
    new TasksExtension({ storage: "memory:", shutdownTimeout: 0, owner: (authInfo) => authInfo?.clientId })
  const log = registerTools(extension)
  const { errors, url } = await serve(extension)
  return { ann: new RawClient({ url, token: "ann" }), bob: new RawClient({ url, token: "bob" }), errors, log, url }
}

/** What is too long to be an id is not said in full. */
const notFound = (taskId: string) => ({
  status: 200,
  result: undefined,
  error: { code: -32602, message: `Task not found: ${taskId.length > 255 ? `${taskId.slice(0, 255)}…` : taskId}` }
})

describe("the owner", () => {
  test("alone reaches a task: for others it is like one that never was", async () => {
    const { ann, bob } = await start()
    const taskId = await ann.start("confirm", { file: "a" })
    await ann.until(taskId, "input_required")
    for (const id of [taskId, "no-such-task", "", "x".repeat(5000), "ö\u0000"]) {
      // A header cannot carry every id as it is.
      const name = `=?base64?${Buffer.from(id).toString("base64")}?=`
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        const params = { taskId: id, inputResponses: { confirm: { action: "accept" } } }
        expect(await bob.send(method, params, { "mcp-name": name })).toStrictEqual(notFound(id))
      }
    }
    expect((await ann.get(taskId)).result).toMatchObject({ status: "input_required" })
  })

  test("is what a task runs on behalf of", async () => {
    const { ann } = await start(
      new TasksExtension({
        storage: "memory:",
        owner: (authInfo) => authInfo && { id: authInfo.clientId, principal: { user: authInfo.clientId, admin: false } }
      })
    )
    const taskId = await ann.start("whoami")
    expect(await ann.until(taskId, "completed")).toMatchObject({
      result: { content: [{ text: JSON.stringify({ principal: { user: "ann", admin: false }, taskId }) }] }
    })
  })

  test("is asked for on every request, and whoever has none is refused", async () => {
    const { ann, url } = await start()
    const nobody = new RawClient({ url })
    const refused = {
      code: -32600,
      message: expect.stringContaining("Tasks need an owner: the owner of this request is undefined"),
      data: { reason: "OwnerMissing" }
    }
    expect((await nobody.call("add", { a: 1, b: 2 })).error).toStrictEqual(refused)
    expect((await nobody.get(await ann.start("add", { a: 1, b: 2 }))).error).toStrictEqual(refused)
    expect((await nobody.get("no-such-task")).error).toStrictEqual(refused)
  })

  test.each([undefined, null, "", { id: "" }, "x".repeat(256), 7, true])(
    "is never nobody by mistake: %j",
    async (given) => {
      // @ts-expect-error: code without a compiler
      const { ann } = await start(new TasksExtension({ storage: "memory:", owner: () => given }))
      const refused = { code: -32600, data: { reason: "OwnerMissing" } }
      expect((await ann.call("add", { a: 1, b: 2 })).error).toMatchObject(refused)
      expect((await ann.get("any")).error).toMatchObject(refused)
    }
  )

  test("is nobody where the function says so", async () => {
    const { ann, bob } = await start(new TasksExtension({ storage: "memory:", owner: async () => anonymous }))
    const taskId = await ann.start("add", { a: 1, b: 2 })
    expect(await bob.until(taskId, "completed")).toMatchObject({ taskId })
  })

  test("that cannot be found is told to the operator, and to the client where it is an error for it", async () => {
    const failures: Array<unknown> = []
    const onError = (error: unknown) => failures.push(error)
    const start2 = (thrown: unknown) =>
      start(
        new TasksExtension({
          storage: "memory:",
          onError,
          owner: () => {
            throw thrown
          }
        })
      )
    const crash = new Error("no directory at ldap://admin:hunter2@host")
    const { ann } = await start2(crash)
    expect((await ann.call("add", { a: 1, b: 2 })).error).toStrictEqual({ code: -32603, message: "Internal error" })
    expect(failures).toStrictEqual([crash])
    const { bob } = await start2(new ProtocolError(-32001, "Log in first"))
    expect((await bob.call("add", { a: 1, b: 2 })).error).toStrictEqual({ code: -32001, message: "Log in first" })
    expect(failures).toHaveLength(1)
  })
})

describe("the extension", () => {
  test("must be declared on every request that needs it", async () => {
    const { ann, url } = await start()
    const unaware = new RawClient({ url, token: "ann", capabilities: {} })
    const missing = {
      status: 400,
      result: undefined,
      error: {
        code: -32021,
        message: "Missing required client capability",
        data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } }
      }
    }
    expect(await unaware.call("wait", { seconds: 0 })).toStrictEqual(missing)
    const taskId = await ann.start("wait", { seconds: 0 })
    expect(await unaware.get(taskId)).toStrictEqual(missing)
    expect(await unaware.update(taskId, {})).toStrictEqual(missing)
    expect(await unaware.cancel(taskId)).toStrictEqual(missing)
  })
})

describe("Mcp-Name", () => {
  test.each(["tasks/get", "tasks/update", "tasks/cancel"])("must be the id of the task in %s", async (method) => {
    const { ann } = await start()
    const taskId = await ann.start("wait", { seconds: 60 })
    const params = { taskId, inputResponses: {} }
    for (const name of [undefined, "another", "=?base64?%%%?="]) {
      expect(await ann.send(method, params, { "mcp-name": name })).toMatchObject({
        status: 400,
        error: { code: -32020 }
      })
    }
    const encoded = `=?base64?${Buffer.from(taskId).toString("base64")}?=`
    expect(await ann.send(method, params, { "mcp-name": encoded })).toMatchObject({ status: 200, error: undefined })
    await ann.cancel(taskId)
  })
})

describe("params", () => {
  test("that are wrong are refused without being quoted", async () => {
    const { ann } = await start()
    const taskId = await ann.start("add", { a: 1, b: 2 })
    for (const params of [{}, { taskId: 7 }, { taskId: ["secret"] }]) {
      expect((await ann.send("tasks/get", params)).error).toStrictEqual({
        code: -32602,
        message: "taskId must be a string"
      })
    }
    expect((await ann.send("tasks/update", { taskId })).error).toStrictEqual({
      code: -32602,
      message: "inputResponses must be an object"
    })
  })

  test("of methods that are gone find no method", async () => {
    const { ann } = await start()
    const taskId = await ann.start("add", { a: 1, b: 2 })
    for (const method of ["tasks/list", "tasks/result"]) {
      expect((await ann.send(method, { taskId })).error).toMatchObject({ code: -32601 })
    }
    expect(text((await ann.get(taskId)).result?.["taskId"])).toBe(taskId)
  })
})
