/** Holds a server to every row of the table. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { freshFile, open } from "../../layers/sqlite/database.ts"
import type { BehaviourServer } from "./BehaviourServer.ts"
import { limits20251125 } from "./limits20251125.ts"
import { limits20260728 } from "./limits20260728.ts"
import { params20251125 } from "./params20251125.ts"
import { params20260728 } from "./params20260728.ts"
import type { Row } from "./Row.ts"
import { rows20251125 } from "./rows20251125.ts"
import { rows20260728 } from "./rows20260728.ts"
import { behaviourTools } from "./tools.ts"

const rows: ReadonlyArray<Row> = [
  ...rows20251125,
  ...limits20251125,
  ...params20251125,
  ...rows20260728,
  ...limits20260728,
  ...params20260728
]

export const testBehaviours = (server: BehaviourServer): void => {
  describe(`the table of behaviours: ${server.name}`, () => {
    const known = new Set(rows.map(({ name }) => name))
    for (const name of Object.keys(server.exceptions)) {
      if (!known.has(name)) throw new Error(`There is no row "${name}" that ${server.name} could not express`)
    }
    for (const { check, limits, name, revision } of rows) {
      if (!server.revisions.includes(revision)) continue
      const why = server.exceptions[name]
      if (why !== undefined) {
        it(`${revision}: ${name}: cannot be expressed, because ${why}`, () => undefined)
        continue
      }
      it.live(`${revision}: ${name}`, () =>
        Effect.gen(function*() {
          const filename = yield* freshFile
          const storage = yield* open({ filename })
          const url = yield* server.start(filename, behaviourTools, limits)
          yield* check(url, storage)
        }).pipe(Effect.provide(Logger.layer([]))))
    }
  })
}
