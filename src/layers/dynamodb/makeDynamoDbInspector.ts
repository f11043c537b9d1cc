/**
 * Looking at a table of DynamoDB: its definition always, and all of its items on demand.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { Inspection, InspectorReport, StoreInspector } from "../../domain/driver/StoreInspector.ts"
import { asCheck, type CheckCode, type DeepCost, type StoreFinding } from "../../domain/driver/StoreReport.ts"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { checkExpiry, checkIndexes, checkVersion } from "./checkTable.ts"
import type { InspectedTable } from "./InspectedTable.ts"
import { planTable } from "./planTable.ts"
import { scanTable } from "./scanTable.ts"
import { describe, readSettings, type Settings, version } from "./TableSchema.ts"

/** How many bytes a unit of reading pays for. */
const unitBytes = 4_096

/**
 * Makes the inspector of a driver.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeDynamoDbInspector = (inspected: InspectedTable): StoreInspector => {
  const { definition, requests, shards, table } = inspected
  return {
    look: (inspection) => look(inspected, inspection),
    plan: planTable(requests, table, definition, shards),
    engineTime: table.engineTime
  }
}

const look = Effect.fnUntraced(function*(
  inspected: InspectedTable,
  { fix, now, seen }: Inspection
): Effect.fn.Return<InspectorReport, TaskDriverError> {
  const { definition, requests, table } = inspected
  const findings: Array<StoreFinding> = []
  const checked: Array<string> = []
  const check = (
    codes: ReadonlyArray<CheckCode>,
    found: Effect.Effect<ReadonlyArray<StoreFinding>, TaskDriverError>
  ) =>
    Effect.map(asCheck(codes[0] ?? "schema", definition.tableName, found), (found) => {
      findings.push(...found)
      checked.push(...codes)
    })

  const description = yield* describe(requests)
  let settings: Settings | undefined
  yield* check(
    ["schema", "settings"],
    Effect.gen(function*() {
      settings = description === undefined ? undefined : yield* readSettings(table)
      return checkVersion(definition.tableName, description, settings)
    })
  )
  const isUsable = settings !== undefined && settings.version >= version && settings.compatibleWith <= version
  if (description !== undefined) {
    yield* check(["table", "index"], checkIndexes(requests, definition, description, fix && isUsable))
    yield* check(["settings"], checkExpiry(requests, definition, fix && isUsable))
  }
  if (isUsable && seen !== undefined) {
    yield* check(["rows", "parts", "messages", "counters"], scanTable(inspected, now, fix, seen))
  }
  const { ItemCount: items = 0, TableSizeBytes: bytes = 0 } = description ?? {}
  const deepCost: DeepCost = { items, bytes, readUnits: Math.ceil(bytes / unitBytes) }
  return {
    ...(settings === undefined ? {} : { schemaVersion: settings.version }),
    findings,
    checked: Array.from(new Set(checked)),
    isUsable,
    ...(isUsable && seen === undefined ? { deepCost } : {})
  }
})
