/** That a look at a store finds each fault of real databases, says what to do, mends what is safe, and then finds nothing. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StoreFinding } from "../../../src/domain/driver/StoreReport.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { connect, open as openPostgres } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { freshFile, open as openSqliteStorage } from "../sqlite/database.ts"
import type { Database, Failure, InspectionCase } from "./InspectedStore.ts"
import { casesOfBoth } from "./inspectionCases.ts"
import { casesOfPostgres } from "./inspectionCasesOfPostgres.ts"
import { casesOfSqlite } from "./inspectionCasesOfSqlite.ts"

const brief = ({ code, subject }: StoreFinding): string => `${code} ${subject}`

/** The clock of the machine, and how far this process is behind it. */
const behind = (millis: number) =>
  Effect.map(Clock.Clock, (clock): Clock.Clock => ({
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - millis,
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now - millis),
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() - BigInt(millis) * 1_000_000n,
    currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now - BigInt(millis) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }))

const suite = (
  name: string,
  database: Effect.Effect<Database, Failure, Scope.Scope>,
  cases: ReadonlyArray<InspectionCase>
) =>
  describe(`a look at ${name}`, () => {
    for (const { behind: late = 0, deep = false, found, harm, mends, name } of cases) {
      it.live(`finds ${name}`, () =>
        Effect.gen(function*() {
          const opened = yield* database
          const first = yield* opened.storage
          if (typeof harm === "function") yield* harm(opened, first)
          else for (const statement of harm) yield* opened.sql.unsafe(statement)
          const storage = yield* opened.storage
          const look = (fix: boolean) =>
            Effect.provideServiceEffect(storage.inspectStore({ fix, deep }), Clock.Clock, behind(late))
          const report = yield* look(false)
          const findings = report.findings.map(({ code, subject }) => `${code} ${subject}`)
          assert.lengthOf(report.findings, found.length, findings.join(", "))
          for (const [code, subject, problem] of found) {
            const finding = report.findings.find((finding) =>
              finding.code === code && finding.subject.endsWith(subject) && problem.test(finding.problem)
            )
            assert.isDefined(finding, `${code} ${subject} is not among ${JSON.stringify(report.findings)}`)
            assert.notProperty(finding, "fixed")
            assert.include(report.checked, code)
          }
          const mended = yield* look(true)
          assert.sameMembers(mended.findings.map(brief), report.findings.map(brief))
          for (const [code, subject, problem, advice] of found) {
            const finding = mended.findings.find((finding) =>
              finding.code === code && finding.subject.endsWith(subject) && problem.test(finding.problem)
            )
            assert.match(finding?.advice ?? "", advice)
            if (mends) assert.deepInclude(finding, { fixable: true, fixed: true })
          }
          const last = yield* look(true)
          if (mends) assert.deepStrictEqual(last.findings, [])
          else assert.isNotEmpty(last.findings.filter(({ fixed }) => fixed !== true))
        }))
    }
  })

const filled = (storage: TaskStorageShape) =>
  Effect.forEach(
    [["one", "s"], ["two", "s"], ["three", undefined]] as const,
    ([taskId, sessionId]) =>
      storage.createTask({ originalMethod: "m", taskId, ...(sessionId === undefined ? {} : { sessionId }) }),
    { discard: true }
  )

const sqlite = Effect.gen(function*() {
  const filename = yield* freshFile
  yield* Effect.scoped(Effect.flatMap(openSqliteStorage({ filename, maxTasks: 9, maxTasksPerSession: 9 }), filled))
  const opened: Database = {
    sql: yield* openSqlite({ filename }),
    filename,
    storage: openSqliteStorage({ filename, schema: "trust" })
  }
  return opened
})
suite("sqlite", sqlite, [...casesOfBoth, ...casesOfSqlite])

const postgres = Effect.gen(function*() {
  const url = yield* freshUrl
  yield* Effect.scoped(Effect.flatMap(openPostgres({ url, maxTasks: 9, maxTasksPerSession: 9 }), filled))
  const opened: Database = { sql: yield* connect(url), filename: "", storage: openPostgres({ url, schema: "trust" }) }
  return opened
})
suite("postgres", postgres, [...casesOfBoth, ...casesOfPostgres])
