/**
 * What callers are told who give an option that does not exist.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { parseNames } from "../../../src/domain/options/optionNames.ts"

const names = [
  "originalMethod",
  "originalParams",
  "meta",
  "defaultTtl",
  "maxTtl",
  "resultTtl",
  "activeTasks",
  "behindKind",
  "kinds"
]

const elsewhere = ["sqlite.schema", "postgres.schema", "postgres.maxConnections"]

test.each<[what: string, name: string, advice: string]>([
  ["the last word of a name", "method", "did you mean originalMethod?"],
  ["the first word of a name", "active", "did you mean activeTasks?"],
  ["a word of several names", "ttl", "did you mean defaultTtl or maxTtl or resultTtl?"],
  ["a typing mistake", "activeTask", "did you mean activeTasks?"],
  ["a typing mistake, rather than a word of a longer name", "kind", "did you mean kinds?"],
  ["another case", "maxTTL", "did you mean maxTtl?"],
  ["an option of another object", "maxConnections", "did you mean postgres.maxConnections?"],
  ["an option of several other objects", "schema", "did you mean sqlite.schema or postgres.schema?"],
  ["nothing that is known", "concurrency", `known are ${names.join(", ")}`]
])("%s: %s", (_, name, advice) => {
  const answer = Result.flip(parseNames({ [name]: 1 }, [...names, "meta"], "", elsewhere))
  expect(answer).toMatchObject(Result.succeed({ field: name, reason: `is not an option; ${advice}` }))
})
