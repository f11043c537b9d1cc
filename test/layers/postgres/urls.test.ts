/** What URLs of PostgreSQL may say: it is obeyed, or refused with the name of the parameter. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { parsePostgresUrl } from "../../../src/layers/postgres/PostgresUrl.ts"
import { layerFromUrl } from "../../../src/layers/TaskStorageUrl.ts"
import { connect, open } from "./database.ts"
import { freshUrl } from "./engine.ts"

const secret = "s3cret"
const base = `postgres://user:${secret}@db.example.com:6432/app`
const settings = { host: "db.example.com", port: 6432, username: "user", password: secret, database: "app" }

const obeyed: ReadonlyArray<readonly [query: string, settings: object]> = [
  ["", {}],
  ["ssl=true", { ssl: true }],
  ["ssl=1", { ssl: true }],
  ["ssl=false", { ssl: false }],
  ["sslmode=disable", { ssl: false }],
  ["sslmode=prefer", { ssl: "prefer" }],
  ["sslmode=allow", { ssl: "prefer" }],
  ["sslmode=require", { ssl: true }],
  ["sslmode=verify-full", { ssl: true }],
  ["sslmode=no-verify", { ssl: { rejectUnauthorized: false } }],
  ["ssl=true&sslmode=no-verify", { ssl: { rejectUnauthorized: false } }],
  ["channel_binding=prefer&target_session_attrs=any&client_encoding=UTF8", {}],
  ["application_name=reports&options=-c%20search_path%3Dtasks", {
    applicationName: "reports",
    startupOptions: "-c search_path=tasks"
  }],
  ["connect_timeout=3&keepalives_idle=20", { connectTimeout: 3_000, keepAlive: 20_000 }],
  ["host=%2Frun%2Fpostgresql&port=5433&user=u&password=p&dbname=d", {
    host: "/run/postgresql",
    port: 5433,
    username: "u",
    password: "p",
    database: "d"
  }]
]

const refused: ReadonlyArray<readonly [query: string, field: string, reason: RegExp]> = [
  ["sslmod=require", "url?sslmod", /did you mean sslmode\?/],
  ["aplication_name=x", "url?aplication_name", /did you mean application_name\?/],
  ["__proto__=x", "url?__proto__", /not/],
  ["schema=tasks", "url?schema", /databaseSchema/],
  ["sslrootcert=ca.pem", "url?sslrootcert", /ssl: \{ ca \}/],
  ["pgbouncer=true", "url?pgbouncer", /prepare: false/],
  ["channel_binding=require", "url?channel_binding", /must be disable or prefer/],
  ["target_session_attrs=read-write", "url?target_session_attrs", /must be any/],
  ["ssl=yes", "url?ssl", /true or false/],
  ["sslmode=maybe", "url?sslmode", /must be one of disable, /],
  ["ssl=true&sslmode=disable", "url?ssl", /something else than sslmode/],
  ["ssl=false&sslmode=require", "url?ssl", /something else than sslmode/],
  ["ssl=true&sslmode=prefer", "url?ssl", /something else than sslmode/],
  ["sslmode=require&sslmode=disable", "url", /each parameter once/],
  ["connect_timeout=0", "url?connect_timeout", /whole number of seconds/],
  ["connect_timeout=soon", "url?connect_timeout", /whole number of seconds/],
  ["port=70000", "url?port", /a port/],
  ["host=a,b", "url?host", /one host/],
  ["client_encoding=LATIN1", "url?client_encoding", /UTF8/]
]

describe("a URL", () => {
  it.each(obeyed)("is obeyed: ?%s", (query, expected) => {
    const parsed = Result.getOrThrow(parsePostgresUrl(query === "" ? base : `${base}?${query}`))
    assert.deepStrictEqual({ ...parsed }, { ...settings, ...expected })
  })

  it.live.each(refused)("is refused: ?%s", ([query, field, reason]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layerFromUrl(`${base}?${query}`))))
      assert.deepInclude(error, { _tag: "InvalidInput", field })
      assert.match(error.message, reason)
      assert.notInclude(error.message, secret)
    }))

  it.each(["postgres://a,b/db", "postgres://a:1,b:2/db", "mysql://a/b", "postgres://u:%E0%A4%A@a/b"])(
    "is none: %s",
    (url) => {
      const refusal = Result.merge(parsePostgresUrl(url))
      assert.deepInclude(refusal, { _tag: "InvalidInput", field: "url" })
    }
  )

  it.live("that asks for TLS has it, or no connection", () =>
    Effect.gen(function*() {
      // The server of the tests has no TLS.
      const url = (yield* freshUrl).replace("sslmode=disable", "")
      for (const tls of ["ssl=true", "ssl=1", "sslmode=require", "sslmode=no-verify"]) {
        const error = yield* Effect.flip(Effect.scoped(open({ url: `${url}${tls}` })))
        assert.include(error.message, "no connection to PostgreSQL")
        assert.include(String(error.cause), "TLS")
      }
      yield* Effect.scoped(open({ url: `${url}sslmode=prefer` }))
    }))

  it.live("names the application", () =>
    Effect.gen(function*() {
      const url = yield* freshUrl
      const sql = yield* connect(url)
      yield* open({ url: `${url}&application_name=reports` })
      const found = yield* sql`SELECT 1 FROM pg_stat_activity
        WHERE application_name = 'reports' AND datname = current_database()`
      assert.isAbove(found.length, 0)
    }))
})
