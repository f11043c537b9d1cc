/** A driver that looks at each payload before it stores it: whether it is sealed as it has to be. */
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { keyIdOf, splitSealed } from "../../../src/domain/json/SealedText.ts"
import type { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import { sealedFields } from "../../../src/domain/task/StoredTask.ts"
import { aesSealer, type Place } from "../../../src/layers/sealed/Sealer.ts"
import type { Payloads } from "../../../src/layers/sealed/Sealing.ts"
import { SealingKey } from "../../../src/layers/sealed/SealingKey.ts"

export interface Audit {
  readonly keys: { readonly [keyId: string]: Uint8Array }
  /** Tells whether a key is one that may seal for a session. */
  readonly sealsFor: (keyId: string, sessionId: string | null) => boolean
}

/** The length of a nonce in base64url. */
const nonceLength = 32

/**
 * Makes what audits the drivers of one store. Each payload has to open in its place with a key of its session, and to have a nonce of
 * its own. A write of one that does not is a defect.
 */
export const makeAudit = ({ keys, sealsFor }: Audit): (driver: TaskDriver) => TaskDriver => {
  const known = new Map(Object.entries(keys).map(([keyId, bytes]) => [keyId, new SealingKey(bytes)]))
  const nonces = new Set<string>()

  const faultOf = (json: StoredJson, sessionId: string | null, place: Place): string | undefined => {
    const keyId = keyIdOf(json.text)
    if (keyId === undefined) return "is not sealed"
    if (!sealsFor(keyId, sessionId)) return `is sealed with the key ${keyId}, which is none of session ${sessionId}`
    const key = known.get(keyId)
    if (key === undefined || aesSealer.open(key, json.text, place) === undefined) return "does not open in its place"
    const nonce = splitSealed(json.text)?.body.slice(0, nonceLength) ?? ""
    if (nonces.has(nonce)) return "has the nonce of another one"
    nonces.add(nonce)
    return undefined
  }

  const requireSealed = (json: StoredJson, sessionId: string | null, place: Place): Effect.Effect<void> =>
    Effect.suspend(() => {
      const fault = faultOf(json, sessionId, place)
      return fault === undefined ? Effect.void : Effect.die(new Error(`${place.field} of ${place.taskId} ${fault}`))
    })

  const requireAllSealed = (taskId: string, sessionId: string | null, row: Payloads): Effect.Effect<void> =>
    Effect.forEach(sealedFields, (field) => {
      const json = row[field]
      return json === undefined || json === null ? Effect.void : requireSealed(json, sessionId, { taskId, field })
    }, { discard: true })

  return (driver) => {
    const sessionOf = (taskId: string, now: number) =>
      Effect.map(driver.findSummary(taskId, { now, session: undefined }), (task) => task?.sessionId ?? null)
    return {
      ...driver,
      insert: (task, ...rest) =>
        Effect.andThen(requireAllSealed(task.taskId, task.sessionId, task), driver.insert(task, ...rest)),
      rerun: (task, ...rest) =>
        Effect.andThen(requireAllSealed(task.taskId, task.sessionId, task), driver.rerun(task, ...rest)),
      patch: (taskId, scope, guard, patch, answer) =>
        Effect.andThen(
          Effect.flatMap(sessionOf(taskId, scope.now), (session) => requireAllSealed(taskId, session, patch)),
          driver.patch(taskId, scope, guard, patch, answer)
        ),
      messages: {
        ...driver.messages,
        push: (message) =>
          Effect.andThen(
            Effect.flatMap(sessionOf(message.queue, message.now), (session) =>
              requireSealed(message.body, session, { taskId: message.queue, field: "message" })),
            driver.messages.push(message)
          )
      }
    }
  }
}
