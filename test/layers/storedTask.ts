/** Rows as a driver keeps them. */
import { StoredJson } from "../../src/domain/json/StoredJson.ts"
import type { StoredTask } from "../../src/domain/task/StoredTask.ts"

export const text = (value: string): StoredJson => StoredJson.fromText(JSON.stringify(value))

export const storedTask = (taskId: string, fields: Partial<StoredTask> = {}): StoredTask => ({
  taskId,
  sessionId: null,
  status: "working",
  createdAt: 1000,
  lastUpdatedAt: 1000,
  ttl: null,
  pollInterval: null,
  revision: 1,
  attempt: 0,
  leaseExpiresAt: null,
  dueAt: null,
  worker: null,
  startedAt: null,
  resultKind: null,
  rerunOf: null,
  rerunAs: null,
  name: null,
  traceparent: null,
  tracestate: null,
  runTraceparent: null,
  originalMethod: text("tools/call"),
  statusMessage: null,
  meta: null,
  failure: null,
  incarnation: "first",
  originalParams: null,
  inputRequests: null,
  inputResponses: null,
  requestState: null,
  inputKeys: null,
  principal: null,
  steps: null,
  failureStack: null,
  result: null,
  ...fields
})
