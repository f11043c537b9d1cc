/** Requests to the server of the page, all of them to itself. */
import type { BulkAction, BulkAnswer, ErrorAnswer, PauseAction, TaskAction, TaskActionAnswer } from "../Api.ts"

/** What the server refused, or that it is not there. */
class Refused extends Error {
  readonly tag: string

  constructor(tag: string, message: string) {
    super(message)
    this.tag = tag
  }
}

export const pathOf = (path: string, address?: URLSearchParams): string => {
  const search = address?.toString() ?? ""
  return search === "" ? `./-/${path}` : `./-/${path}?${search}`
}

const isError = (value: unknown): value is ErrorAnswer =>
  typeof value === "object" && value !== null && "error" in value

const noSense = "The answer of the server makes no sense. Is there a proxy that answers in its place?"

/** Reads what the server of this page sent. The types of that server say what it is. */
export const parse = <Answer>(text: string, isGood: boolean): Answer => {
  const value: Answer = parseJson(text)
  if (isError(value)) throw new Refused(value.error._tag, value.error.message)
  // Another answer than one of the page comes from a server between.
  if (!isGood) throw new Refused("NoAnswer", noSense)
  return value
}

const parseJson = (text: string) => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused("NoAnswer", noSense)
  }
}

const noServer = "The server of this page does not answer. It may have ended, or the network is down."

const send = async <Answer>(path: string, init: RequestInit): Promise<Answer> => {
  const response = await fetch(path, { ...init, cache: "no-store" }).catch((error: unknown) => {
    if (init.signal?.aborted === true) throw error
    throw new Refused("NoServer", noServer)
  })
  return parse(await response.text(), response.ok)
}

/** Reads a view once. */
export const read = <View>(path: string, address?: URLSearchParams, signal?: AbortSignal): Promise<View> =>
  send(pathOf(path, address), signal === undefined ? {} : { signal })

const post = <Answer>(
  path: string,
  body: TaskAction | BulkAction | PauseAction,
  signal?: AbortSignal
): Promise<Answer> =>
  send(pathOf(path), {
    method: "POST",
    headers: { "content-type": "application/json", "x-mcp-task-storage": "1" },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal })
  })

export const changeTask = (action: TaskAction): Promise<TaskActionAnswer> => post("change", action)

export const changeTasks = (action: BulkAction, signal: AbortSignal): Promise<BulkAnswer> =>
  post("change-all", action, signal)

export const changePause = (action: PauseAction): Promise<unknown> => post("pause", action)

/** What went wrong, in words for the user. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : "Something went wrong that has no name."
