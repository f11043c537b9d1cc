/**
 * Two processes of one server on one PostgreSQL, behind a load balancer without sticky sessions: it does not matter which of them a
 * request reaches, in either revision.
 */
import { resultFromTaskOutcome } from "@modelcontextprotocol/ext-tasks/client"
import { Effect } from "effect"
import { beforeAll, describe, expect, test } from "vitest"
import { connectExtTasks, type Revision } from "../adapters/effect/clients/connectExtTasks.ts"
import { WireClient } from "../adapters/sdk-v1/WireClient.ts"
import { listenRequest } from "../adapters/sdk-v2/listenRequest.ts"
import { RawClient } from "../adapters/sdk-v2/RawClient.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { type LoadBalancer, roundRobin } from "../support/roundRobin.ts"
import { endWith, exampleArguments, type StartedServer, startServer } from "../support/startServer.ts"
import { until } from "../support/until.ts"

const [first, second] = [0, 1]

let servers: ReadonlyArray<StartedServer> = []
let balancer: LoadBalancer
let modern: RawClient
let legacy: WireClient

beforeAll(async () => {
  const env = { TASKS_URL: await Effect.runPromise(freshUrl), TASKS_LEASE: "1500" }
  const ends: Array<() => void> = []
  const start = () => startServer(exampleArguments("web/express.ts"), { env, atEnd: (end) => ends.push(end) })
  servers = await Promise.all([start(), start()])
  balancer = await roundRobin(servers.map(({ url }) => url))
  ends.push(balancer.close)
  modern = new RawClient({ url: balancer.url, token: "ann" })
  legacy = new WireClient(balancer.url, "ann")
  await legacy.begin()
  return () => ends.forEach((end) => end())
})

/** Sends a request to one of the servers. */
const at = <A>(server: number, request: () => A): A => {
  balancer.turnTo(server)
  return request()
}

const textOf = (result: unknown): unknown => Object(Object(result).content?.[0]).text

const writtenBy = (server: number) => expect.stringMatching(new RegExp(`process ${servers[server]?.child.pid}$`))

const accept = { agree: { action: "accept", content: { agree: true } } }

describe("in revision 2026-07-28", () => {
  test("a task is polled, and its result read, at the other process", async () => {
    const taskId = await at(first, () => modern.start("report", { title: "May", seconds: 1 }))
    expect((await at(second, () => modern.get(taskId))).result).toMatchObject({ status: "working" })
    await modern.until(taskId, "completed")
    for (const server of [first, second]) {
      const { result } = await at(server, () => modern.get(taskId))
      expect(textOf(result?.["result"])).toEqual(writtenBy(first))
    }
  })

  test("a question of one process is answered at the other", async () => {
    const taskId = await at(first, () => modern.start("publish", { title: "May" }))
    await modern.until(taskId, "input_required")
    expect(await at(second, () => modern.update(taskId, accept))).toMatchObject({ status: 200 })
    expect(textOf((await modern.until(taskId, "completed"))["result"])).toBe("Published: May")
  })

  test("a task is cancelled at the other process", async () => {
    const taskId = await at(first, () => modern.start("report", { title: "May", seconds: 60 }))
    expect((await at(second, () => modern.cancel(taskId))).error).toBeUndefined()
    expect((await at(first, () => modern.get(taskId))).result).toMatchObject({ status: "cancelled" })
  })

  test("a subscription at one process tells of what the other does", async () => {
    const taskId = await at(first, () => modern.start("report", { title: "May", seconds: 0.5 }))
    const stream = await at(
      second,
      () => fetch(balancer.url, { method: "POST", ...listenRequest({ taskIds: [taskId] }) })
    )
    expect(balancer.answeredBy.at(-1)).toBe(second)
    // It ends with the task.
    const text = await stream.text()
    expect(text).toContain("notifications/tasks")
    expect(text).toContain("\"status\":\"completed\"")
  })
})

describe("in revision 2025-11-25, without sessions", () => {
  test("the result of a task is waited for, and the task listed, at the other process", async () => {
    const taskId = await at(first, () => legacy.start("report", { title: "May", seconds: 0.5 }))
    expect(textOf(await at(second, () => legacy.ask("tasks/result", { taskId })))).toEqual(writtenBy(first))
    expect(await at(second, () => legacy.ask("tasks/get", { taskId }))).toMatchObject({ status: "completed" })
    const { tasks } = await at(second, () => legacy.ask("tasks/list"))
    expect(tasks).toContainEqual(expect.objectContaining({ taskId }))
  })

  test("a result that is waited for at one process is there when the task is cancelled at the other", async () => {
    const taskId = await at(first, () => legacy.start("report", { title: "May", seconds: 60 }))
    const waiting = at(first, () => legacy.request("tasks/result", { taskId }))
    expect(await at(second, () => legacy.ask("tasks/cancel", { taskId }))).toMatchObject({ status: "cancelled" })
    expect(await waiting.response).toHaveProperty("error")
  })

  test("a client that waits for a task with a question is not asked: its answer would find nobody", async () => {
    const taskId = await at(first, () => legacy.start("publish", { title: "May" }))
    expect(textOf(await at(second, () => legacy.ask("tasks/result", { taskId })))).toBe("Not published")
  })

  test("a question is answered in the other revision, by the same user", async () => {
    const taskId = await at(first, () => legacy.start("publish", { title: "May" }))
    await until(async () => (await legacy.ask("tasks/get", { taskId }))["status"] === "input_required")
    await at(second, () => modern.update(taskId, accept))
    expect(textOf(await at(first, () => legacy.ask("tasks/result", { taskId })))).toBe("Published: May")
  })
})

test.each<Revision>(["2025-11-25", "2026-07-28"])(
  "the official client in revision %s notices nothing",
  async (revision) => {
    const { session } = await connectExtTasks(balancer.url, revision, { headers: { authorization: "Bearer bob" } })
    const before = balancer.answeredBy.length
    const execution = await session.callTool("report", { title: "May", seconds: 0.5 }, {
      task: { preference: "require" }
    })
    const { outcome } = await execution.settle()
    expect(textOf(resultFromTaskOutcome(outcome))).toMatch(/^May: 10 pages/)
    expect(new Set(balancer.answeredBy.slice(before))).toEqual(new Set([first, second]))
  }
)

test("what a process did that is killed, the other one finishes, and clients go on", async () => {
  const running = await at(first, () => modern.start("report", { title: "May", seconds: 4 }))
  const old = await at(first, () => legacy.start("report", { title: "June", seconds: 4 }))
  const waiting = at(first, () => legacy.request("tasks/result", { taskId: old }))
  // The balancer would give what no server has begun to answer to the other one.
  await waiting.begun
  const [killed] = servers
  if (killed === undefined) throw new Error("It was never started")
  await until(async () => (await modern.get(running)).result?.["statusMessage"] !== undefined)
  await endWith(killed.child, "SIGKILL")
  // The stream is lost with its process. A client asks again.
  expect(await waiting.response).toBeUndefined()
  expect(textOf(await legacy.ask("tasks/result", { taskId: old }))).toEqual(writtenBy(second))
  expect(textOf((await modern.until(running, "completed"))["result"])).toEqual(writtenBy(second))
})
