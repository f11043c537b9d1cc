/**
 * What is known of the client of a request.
 *
 * @since 0.2.0
 */
import * as Predicate from "effect/Predicate"
import type { TaskSummary } from "../domain/task/TaskRecord.ts"
import { elicitation, methodNotFound, tasksExtension } from "./names.ts"

/**
 * The client of a request: the revision that it speaks, and what it can do. Capabilities are `undefined` where nobody can
 * know them, as on stateless HTTP of revision 2025-11-25.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskClient {
  readonly protocolVersion: string
  readonly clientCapabilities: unknown
  readonly clientInfo?: unknown
  /** Gives what is stored of it, where that is not the same. */
  readonly toStored?: () => StoredClient
}

/** A client as JSON carries it. */
type StoredClient = Pick<TaskClient, "protocolVersion" | "clientCapabilities" | "clientInfo">

/**
 * Reads a property that the value itself has, and none that it inherits.
 *
 * @since 0.2.0
 * @category accessors
 */
export const ownProperty = (value: unknown, key: string): unknown =>
  Predicate.isReadonlyObject(value) && Object.hasOwn(value, key) ? value[key] : undefined

/**
 * Tells whether a client declares the extension of revision 2026-07-28, as it must on every request.
 *
 * @since 0.2.0
 * @category guards
 */
export const declaresTasks = ({ clientCapabilities }: Pick<TaskClient, "clientCapabilities">): boolean =>
  ownProperty(ownProperty(clientCapabilities, "extensions"), tasksExtension) !== undefined

/** What a client has to declare for each question that the protocol knows. */
const capabilityOf: ReadonlyMap<string, string> = new Map([
  [elicitation, "elicitation"],
  ["sampling/createMessage", "sampling"],
  ["roots/list", "roots"]
])

/**
 * Tells whether a client may be asked: it must have declared what the protocol knows. What the protocol does not know, the
 * client may know.
 *
 * @since 0.2.0
 * @category guards
 */
export const canAnswer = (clientCapabilities: unknown, method: string): boolean => {
  const needed = capabilityOf.get(method)
  return needed === undefined || clientCapabilities === undefined ||
    ownProperty(clientCapabilities, needed) !== undefined
}

/**
 * Says why a client is not asked.
 *
 * @since 0.2.0
 * @category constructors
 */
export const notDeclared = (method: string): { readonly code: number; readonly message: string } => ({
  code: methodNotFound,
  message: `The client does not declare that it answers ${method}`
})

const metaKey = "mcp-task-storage/request"

/**
 * Gives the `meta` of a task: who its client is and what it can do.
 *
 * @since 0.2.0
 * @category constructors
 */
export const clientMeta = (client: TaskClient) => {
  const { clientCapabilities, clientInfo, protocolVersion } = client.toStored?.() ?? client
  return { [metaKey]: { protocolVersion, clientCapabilities, clientInfo } }
}

/**
 * Gives the client that created a task; `undefined` where the task came about otherwise.
 *
 * @since 0.2.0
 * @category accessors
 */
export const clientOf = ({ meta }: Pick<TaskSummary, "meta">): TaskClient | undefined => {
  const stored = ownProperty(meta, metaKey)
  const protocolVersion = ownProperty(stored, "protocolVersion")
  if (typeof protocolVersion !== "string") return undefined
  return {
    protocolVersion,
    clientCapabilities: ownProperty(stored, "clientCapabilities"),
    clientInfo: ownProperty(stored, "clientInfo")
  }
}
