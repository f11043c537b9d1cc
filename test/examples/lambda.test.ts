/** The functions of the Lambda example, on DynamoDB Local and a queue that stands for SQS. */
import { Effect } from "effect"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { connection, describeWithEngine, freshTable } from "../layers/dynamodb/engine.ts"
import { perFile } from "../support/perFile.ts"

type Fields = { readonly [key: string]: unknown }

const table = perFile(freshTable)

const load = async () => ({
  queue: await import("../../examples/lambda/queue.ts"),
  tasks: await import("../../examples/lambda/tasks.ts"),
  server: await import("../../examples/lambda/server.ts"),
  worker: await import("../../examples/lambda/worker.ts"),
  recovery: await import("../../examples/lambda/recovery.ts")
})

describeWithEngine("the functions", () => {
  let lambda: Awaited<ReturnType<typeof load>>

  beforeAll(async () => {
    const { credentials, endpoint, region } = connection()
    vi.stubEnv("AWS_ACCESS_KEY_ID", credentials.accessKeyId)
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey)
    const query = new URLSearchParams({ region, endpoint })
    vi.stubEnv("TASKS_URL", `dynamodb://${await Effect.runPromise(table)}?${query}`)
    lambda = await load()
  })

  afterAll(async () => {
    await lambda.tasks.runner.close()
    vi.unstubAllEnvs()
  })

  const send = async (method: string, params: Fields, user = "ann"): Promise<Fields> => {
    const name = params["taskId"] ?? params["name"]
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {
        elicitation: {},
        extensions: { "io.modelcontextprotocol/tasks": {} }
      }
    }
    const { body } = await lambda.server.handler({
      rawPath: "/mcp",
      headers: {
        "authorization": `Bearer ${user}`,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        "mcp-name": String(name)
      },
      requestContext: { domainName: "lambda.test", http: { method: "POST" } },
      body: Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { _meta, ...params } })).toString(
        "base64"
      ),
      isBase64Encoded: true
    })
    const answer: { readonly result?: Fields; readonly error?: Fields } = JSON.parse(body)
    return answer.result ?? { error: answer.error }
  }

  const start = async (name: string, args: Fields): Promise<string> => {
    const { resultType, taskId } = await send("tools/call", { name, arguments: args })
    expect(resultType).toBe("task")
    return String(taskId)
  }

  const get = (taskId: string, user?: string) => send("tasks/get", { taskId }, user)

  /** Delivers what is in the queue to the worker, whose invocations may take so long. */
  const work = async (milliseconds = 60_000) => {
    let invocations = 0
    while (await lambda.queue.deliver(lambda.worker.handler, milliseconds) > 0) invocations++
    return invocations
  }

  test("a call is stored and answered by one function, and run by the other", async () => {
    const taskId = await start("report", { title: "May", pages: 2 })
    expect(await get(taskId)).toMatchObject({ status: "working" })
    expect(await get(taskId, "bob")).toMatchObject({ error: { code: -32602 } })
    expect(lambda.queue.waiting()).toBe(1)

    expect(await work()).toBe(1)
    expect(await get(taskId)).toMatchObject({
      status: "completed",
      result: { content: [{ text: "May, page 1\nMay, page 2" }] }
    })
  })

  test("a task that does not fit into one invocation goes on in the next, and does no page twice", async () => {
    const taskId = await start("report", { title: "June", pages: 5 })
    // A second is in reserve, so that about three pages fit into the rest.
    expect(await work(1_350)).toBeGreaterThan(1)
    expect(await get(taskId)).toMatchObject({ status: "completed" })
    const record = await lambda.tasks.runner.storage.getTask(taskId)
    expect(record?.attempt).toBeGreaterThan(1)
    expect(Object.keys(record?.steps ?? {})).toHaveLength(5)
  })

  test("a question holds no function, and its answer sends the task to the worker again", async () => {
    const taskId = await start("publish", { title: "July" })
    await work()
    const { inputRequests, status } = await get(taskId)
    expect(status).toBe("input_required")
    expect(Object.keys(Object(inputRequests))).toEqual(["agree"])
    expect(lambda.queue.waiting()).toBe(0)

    await send("tasks/update", { taskId, inputResponses: { agree: { action: "accept", content: {} } } })
    await work()
    expect(await get(taskId)).toMatchObject({
      status: "completed",
      result: { content: [{ text: expect.stringMatching(/^Published: July, drafted at /) }] }
    })
  })

  test("a task whose message was lost is sent again by the schedule", async () => {
    const taskId = await start("report", { title: "August", pages: 1 })
    await lambda.queue.deliver(async () => ({ batchItemFailures: [] }), 0)
    expect(await work()).toBe(0)
    expect(await get(taskId)).toMatchObject({ status: "working" })

    await vi.waitFor(async () => expect(await lambda.recovery.handler()).toContain(taskId), { timeout: 60_000 })
    await work()
    expect(await get(taskId)).toMatchObject({ status: "completed" })
  })
})
