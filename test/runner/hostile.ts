/** What work may throw, give or ask for by mistake, or to do harm. */

/** Anything. */
export type Thrown = object | string | symbol | null | undefined

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const throwing = (key: string): object =>
  Object.defineProperty(new Error("hidden"), key, {
    get: () => {
      throw revoked()
    }
  })

const withCauses = (count: number): Error => {
  let error = new Error("the first of many")
  for (let depth = 0; depth < count; depth++) error = new Error(`cause ${depth}`, { cause: error })
  return error
}

/** Each is thrown as it is; the failure of its task contains the text. */
export const thrownValues: ReadonlyArray<readonly [name: string, make: () => Thrown, told: string]> = [
  ["an error", () => new TypeError("no such column"), "no such column"],
  ["null", () => null, "null"],
  ["undefined", () => undefined, "undefined"],
  ["a string", () => "just words", "just words"],
  ["a symbol", () => Symbol("odd"), "Symbol(odd)"],
  ["a function", () => () => 1, "function"],
  ["a plain object", () => ({ reason: "none" }), "reason"],
  ["an error whose message throws", () => throwing("message"), "Error"],
  ["an error whose name throws", () => throwing("name"), "hidden"],
  ["an error whose stack throws", () => throwing("stack"), "hidden"],
  ["an error whose cause throws", () => throwing("cause"), "hidden"],
  ["an error with a symbol as message", () => Object.assign(new Error(), { message: Symbol("odd") }), "Error"],
  ["an error with many causes", () => withCauses(20_000), "cause 19999"],
  ["a revoked proxy", revoked, "object"],
  ["an object without a prototype", () => Object.create(null), "object"],
  ["an object that cannot be listed", () =>
    new Proxy({}, {
      ownKeys: () => {
        throw new Error("hidden")
      }
    }), "object"]
]

/** Each is given as the result; the error of its task contains the text. */
export const badResults: ReadonlyArray<readonly [name: string, make: () => unknown, told: string]> = [
  ["a function", () => () => 1, "function"],
  ["a symbol", () => Symbol("odd"), "symbol"],
  ["a bigint within", () => ({ total: 1n }), "bigint"],
  ["a getter that throws", () => ({
    get total() {
      throw revoked()
    }
  }), "threw"],
  ["a revoked proxy", revoked, "threw"],
  ["a date", () => new Date(0), "Date"]
]

const form = { message: "Sure?", requestedSchema: { type: "object", properties: {} } }

/** The parts of a context of which bad requests are made, in promises or effects. */
interface Asking {
  readonly elicit: (key: never, params: never) => unknown
  readonly request: (requests: never) => unknown
  readonly suspend: (requests: never) => unknown
  readonly progress: (message: never) => unknown
}

/** What no compiler would let pass, as whoever has none writes it. */
const uncheckedBy = (context: Asking) => {
  const call = (name: keyof Asking) => (...args: ReadonlyArray<unknown>): unknown =>
    Reflect.apply(context[name], undefined, [...args])
  return { elicit: call("elicit"), request: call("request"), suspend: call("suspend"), progress: call("progress") }
}

type Unchecked = ReturnType<typeof uncheckedBy>

const badRequestsOf: ReadonlyArray<readonly [name: string, ask: (context: Unchecked) => unknown, told: string]> = [
  ["request({})", ({ request }) => request({}), "requests"],
  ["suspend({})", ({ suspend }) => suspend({}), "requests"],
  ["request(undefined)", ({ request }) => request(undefined), "requests"],
  ["request([])", ({ request }) => request([]), "requests"],
  ["a request without a method", ({ request }) => request({ who: {} }), "requests.who.method"],
  ["a request that is undefined", ({ request }) => request({ who: undefined }), "requests.who"],
  ["a request with a function in it", ({ request }) => request({ who: { method: "x", params: () => 1 } }), "function"],
  [
    "a suspension with a function in it",
    ({ suspend }) => suspend({ who: { method: "x", params: () => 1 } }),
    "function"
  ],
  ["elicit()", ({ elicit }) => elicit(), "params"],
  ["elicit(key)", ({ elicit }) => elicit("who"), "params"],
  ["elicit(undefined, params)", ({ elicit }) => elicit(undefined, form), "key"],
  ["elicit(function)", ({ elicit }) => elicit(() => 1, form), "key"],
  ["elicit(key, {})", ({ elicit }) => elicit("who", {}), "params.message"],
  ["progress(undefined)", ({ progress }) => progress(undefined), "message"],
  ["progress(object)", ({ progress }) => progress({}), "message"],
  ["progress(message, string)", ({ progress }) => progress("half", "50 %"), "amount"],
  ["progress(message, { progress: NaN })", ({ progress }) => progress("half", { progress: NaN }), "amount.progress"]
]

/** Each is asked for; the error of its task contains the text. */
export const badRequests = badRequestsOf.map(([name, ask, told]) =>
  [name, (context: Asking) => ask(uncheckedBy(context)), told] as const
)
