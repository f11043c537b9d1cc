/** Who may see the page and who may change what: by authorization, by token, by where a request comes from. */
import type { DashboardOptions } from "mcp-task-storage/dashboard"
import { makeDashboard } from "mcp-task-storage/dashboard"
import { openTaskStorage } from "mcp-task-storage/promise"
import { describe, expect, test } from "vitest"
import { errorOf, openPage, ownHeaders, token } from "./pages.ts"

const bearer = { authorization: `Bearer ${token}` }

describe("who asks", () => {
  const login = new Response(null, { status: 302, headers: { location: "/login" } })
  const cases: ReadonlyArray<{
    readonly name: string
    readonly options: DashboardOptions
    readonly headers?: Readonly<Record<string, string>>
    readonly page: number
    readonly read: number
    readonly write: number | string
  }> = [
    { name: "nobody, without authorize", options: {}, page: 200, read: 200, write: "ReadOnly" },
    { name: "nobody, read-only", options: { readOnly: true }, page: 200, read: 200, write: "ReadOnly" },
    { name: "allowed", options: { authorize: () => true }, page: 200, read: 200, write: 200 },
    { name: "allowed by a promise", options: { authorize: async () => true }, page: 200, read: 200, write: 200 },
    { name: "may read", options: { authorize: () => "read" }, page: 200, read: 200, write: "ReadOnly" },
    {
      name: "allowed, read-only",
      options: { authorize: () => true, readOnly: true },
      page: 200,
      read: 200,
      write: "ReadOnly"
    },
    { name: "refused", options: { authorize: () => false }, page: 403, read: 403, write: "Forbidden" },
    { name: "sent to a login", options: { authorize: () => login }, page: 302, read: 302, write: 302 },
    {
      name: "authorize fails",
      options: { authorize: () => Promise.reject(new Error("down")) },
      page: 500,
      read: 500,
      write: "Failed"
    },
    { name: "no token", options: { token }, page: 401, read: 401, write: "TokenMissing" },
    {
      name: "a wrong token",
      options: { token },
      headers: { authorization: `Bearer ${token}!` },
      page: 401,
      read: 401,
      write: "TokenMissing"
    },
    { name: "the token", options: { token }, headers: bearer, page: 200, read: 200, write: 200 },
    {
      name: "the token, read-only",
      options: { token, readOnly: true },
      headers: bearer,
      page: 200,
      read: 200,
      write: "ReadOnly"
    }
  ]

  test.each(cases)("$name", async ({ headers = {}, options, page, read, write }) => {
    const { get, post, storage } = await openPage(options)
    const { taskId } = await storage.createTask({ originalMethod: "tools/call" })
    expect((await get("", headers)).status).toBe(page)
    expect((await get("-/tasks", headers)).status).toBe(read)
    const answer = await post("-/change", { action: "cancel", taskId }, { ...ownHeaders, ...headers })
    if (typeof write === "number") expect(answer.status).toBe(write)
    else expect(await errorOf(answer)).toBe(write)
    expect((await storage.getTask(taskId))?.status).toBe(write === 200 ? "cancelled" : "working")
  })

  test("what authorize throws is logged, and not told", async () => {
    const { get, logged } = await openPage({ authorize: () => Promise.reject(new Error("the secret of the database")) })
    expect(await (await get("-/tasks")).text()).not.toContain("secret")
    expect(logged).toEqual([expect.objectContaining({ message: "the secret of the database" })])
  })

  test("the page is told whether it may change anything", async () => {
    const writer = await openPage()
    expect(await (await writer.get("")).text()).toContain("data-may-write=\"true\"")
    const reader = await openPage({ authorize: () => "read" })
    expect(await (await reader.get("")).text()).toContain("data-may-write=\"false\"")
  })
})

describe("options", () => {
  const refused: ReadonlyArray<readonly [string, unknown]> = [
    ["readOnly", { readOnly: false }],
    ["readOnly", { authorize: () => true, readOnly: "no" }],
    ["token", { token: "short" }],
    ["token", { token: "has a space in the middle" }],
    ["token", { token, authorize: () => true }],
    ["authorize", { authorize: true }],
    ["hosts", { hosts: "tasks.example.com" }],
    ["hosts", { hosts: ["https://tasks.example.com"] }],
    ["hosts", { hosts: ["*"] }],
    ["hosts", { hosts: [""] }],
    ["maxStreams", { maxStreams: -1 }],
    ["readonly", { readonly: true }]
  ]

  test.each(refused)("%s of %o is refused", async (field, options) => {
    await using storage = await openTaskStorage("memory:")
    expect(() => Reflect.apply(makeDashboard, undefined, [storage, options])).toThrow(
      expect.objectContaining({ _tag: "InvalidInput", field })
    )
  })

  test("a storage that is none is refused", () => {
    for (const storage of [undefined, null, {}, "memory:"]) {
      expect(() => Reflect.apply(makeDashboard, undefined, [storage])).toThrow(
        expect.objectContaining({ _tag: "InvalidInput", field: "storage" })
      )
    }
  })
})

describe("hosts", () => {
  const named: DashboardOptions = { authorize: () => true, hosts: ["Tasks.Example.com", "10.0.0.7:3000"] }
  const cases: ReadonlyArray<readonly [string, DashboardOptions, boolean]> = [
    ["localhost", {}, true],
    ["localhost:3000", {}, true],
    ["tasks.localhost:80", {}, true],
    ["127.0.0.1:8080", {}, true],
    ["127.1.2.3", {}, true],
    ["[::1]:3000", {}, true],
    ["LOCALHOST:3000", {}, true],
    ["attacker.example", {}, false],
    ["localhost.attacker.example", {}, false],
    ["127.0.0.1.attacker.example", {}, false],
    ["0.0.0.0:3000", {}, false],
    ["192.168.1.4", {}, false],
    ["attacker.example", { authorize: () => true }, false],
    ["attacker.example", { token }, false],
    ["tasks.example.com", named, true],
    ["tasks.example.com:8443", named, true],
    ["10.0.0.7:3000", named, true],
    ["10.0.0.7:3001", named, false],
    ["evil.tasks.example.com", named, false],
    ["tasks.example.com.evil", named, false]
  ]

  test.each(cases)("%s with %o: %s", async (host, options, isServed) => {
    const { get } = await openPage(options)
    const headers = { host, ...bearer }
    for (const path of ["", "-/tasks", "-/live/tasks"]) {
      const response = await get(path, headers)
      expect(response.status).toBe(isServed ? 200 : 421)
      await response.body?.cancel()
    }
    const asset = /-\/page-[^"]+\.js/.exec(await (await get("", { ...headers, host: "localhost" })).text())?.[0] ?? ""
    expect((await get(asset, headers)).status).toBe(isServed ? 200 : 421)
  })

  test("the host of the URL counts where there is no header", async () => {
    const { dashboard } = await openPage({})
    expect((await dashboard(new Request("http://attacker.example/tasks/"))).status).toBe(421)
    expect((await dashboard(new Request("http://localhost/tasks/"))).status).toBe(200)
  })

  test("authorize is not asked about a foreign host", async () => {
    let asked = 0
    const { get } = await openPage({
      authorize: () => {
        asked++
        return true
      }
    })
    await get("-/tasks", { host: "attacker.example" })
    expect(asked).toBe(0)
  })
})

describe("writes that another page makes a browser send", () => {
  type Case = readonly [string, Readonly<Record<string, string>>, number, DashboardOptions | undefined]
  const own = undefined
  const cases: ReadonlyArray<Case> = [
    ["the page itself", ownHeaders, 200, own],
    ["a program, which names no origin", { "content-type": "application/json", "x-mcp-task-storage": "1" }, 200, own],
    ["a form", { origin: "http://attacker.example", "content-type": "application/x-www-form-urlencoded" }, 403, own],
    ["another origin", { ...ownHeaders, origin: "http://attacker.example" }, 403, own],
    ["another port", { ...ownHeaders, origin: "http://localhost:8080" }, 403, own],
    ["an origin that is opaque", { ...ownHeaders, origin: "null" }, 403, own],
    ["another site, whatever the origin says", { ...ownHeaders, "sec-fetch-site": "cross-site" }, 403, own],
    ["a neighbour of the same site", { ...ownHeaders, "sec-fetch-site": "same-site" }, 403, own],
    ["no page at all", { ...ownHeaders, "sec-fetch-site": "none" }, 403, own],
    ["another content type", { ...ownHeaders, "content-type": "text/plain" }, 415, own],
    [
      "the page behind a proxy that renames the host",
      { ...ownHeaders, origin: "https://tasks.example.com" },
      200,
      { authorize: () => true, hosts: ["tasks.example.com"] }
    ]
  ]

  test.each(cases)("%s", async (_, headers, status, options) => {
    const { post, storage } = await openPage(options)
    const { taskId } = await storage.createTask({ originalMethod: "tools/call" })
    for (const path of ["-/change", "-/change-all"]) {
      const body = path === "-/change" ? { action: "cancel", taskId } : { action: "delete", filter: "", all: true }
      expect((await post(path, body, headers)).status).toBe(status)
    }
    expect(await storage.getTask(taskId) === undefined).toBe(status === 200)
  })

  test("without the header that only the page can send", async () => {
    const { post, storage } = await openPage()
    const { taskId } = await storage.createTask({ originalMethod: "tools/call" })
    const { "x-mcp-task-storage": _, ...headers } = ownHeaders
    const response = await post("-/change", { action: "cancel", taskId }, headers)
    expect([response.status, await errorOf(response)]).toEqual([403, "ForeignRequest"])
  })

  test("reads are refused to other sites too, but a link may lead to the page", async () => {
    const { get } = await openPage({})
    const foreign = { "sec-fetch-site": "cross-site" }
    expect((await get("-/tasks", foreign)).status).toBe(403)
    expect((await get("-/live/tasks", foreign)).status).toBe(403)
    expect((await get("", foreign)).status).toBe(200)
  })

  test("nobody is let in by CORS", async () => {
    const { dashboard } = await openPage()
    const preflight = await dashboard(
      new Request("http://localhost/tasks/-/change", {
        method: "OPTIONS",
        headers: { origin: "http://attacker.example", "access-control-request-method": "POST" }
      })
    )
    expect(preflight.ok).toBe(false)
    expect(Array.from(preflight.headers.keys()).filter((name) => name.startsWith("access-control"))).toEqual([])
  })
})

describe("a token in the URL", () => {
  test("is remembered by a cookie that no script and no other site sees, and leaves the address", async () => {
    const { get } = await openPage({ token })
    const first = await get(`?token=${token}&view=tasks&status=failed`)
    expect(first.status).toBe(200)
    const cookie = first.headers.get("set-cookie") ?? ""
    expect(cookie).toMatch(/^mcp_task_storage_[0-9a-f]{16}=a-token-for-the-tests; HttpOnly; SameSite=Strict$/)
    const text = await first.text()
    expect(text).toContain("url=./?view=tasks&amp;status=failed")
    expect(text).not.toContain(token)
    expect((await get("-/tasks", { cookie: `other=1; ${cookie.split(";")[0]}` })).status).toBe(200)
  })

  test("is secure over https", async () => {
    const { dashboard } = await openPage({ token })
    const response = await dashboard(new Request(`https://localhost/?token=${token}`))
    expect(response.headers.get("set-cookie")).toMatch(/; Secure$/)
  })

  test("counts for the page alone, and only if it is right", async () => {
    const { get } = await openPage({ token })
    expect((await get(`-/tasks?token=${token}`)).status).toBe(401)
    const wrong = await get(`?token=${token}x`)
    expect([wrong.status, wrong.headers.get("set-cookie")]).toEqual([401, null])
    const foreign = await get(`?token=${token}`, { host: "attacker.example" })
    expect([foreign.status, foreign.headers.get("set-cookie")]).toEqual([421, null])
  })

  test("does not get markup into the document that leads on", async () => {
    const { get } = await openPage({ token })
    const text = await (await get(`?token=${token}&name=${encodeURIComponent("\"><script>alert(1)</script>")}`)).text()
    expect(text).not.toContain("<script")
  })

  test("two tokens have two cookies", async () => {
    const names = await Promise.all([token, `${token}-2`].map(async (token) => {
      const { get } = await openPage({ token })
      return (await get(`?token=${token}`)).headers.get("set-cookie")?.split("=")[0]
    }))
    expect(new Set(names).size).toBe(2)
  })
})
