/**
 * Contenders that are asked by several callers at once, each of which waits for one answer before it asks again.
 */
import * as Effect from "effect/Effect"
import type { Contender } from "./measure.ts"

/** What is asked, and by how many. */
export interface Load<Item> {
  readonly callers: number
  readonly operations: number
  /** Gives what is operated on, from the start again when it runs out. */
  readonly prepare: () => Promise<ReadonlyArray<Item>>
}

/** Gives the number of the next operation, to whoever comes first, until all are done. */
const makeTurns = (operations: number) => {
  let next = 0
  return (): number | undefined => next < operations ? next++ : undefined
}

const at = <Item>(items: ReadonlyArray<Item>, index: number): Item => {
  const item = items[index % items.length]
  if (item === undefined) throw new Error("nothing was prepared")
  return item
}

/** Callers that are fibers. */
export const fibers = <Item, E>(
  { callers, operations, prepare }: Load<Item>,
  operate: (item: Item) => Effect.Effect<unknown, E>
): Contender => ({
  operations,
  prepare: async () => {
    const items = await prepare()
    return () => {
      const nextTurn = makeTurns(operations)
      const caller = Effect.gen(function*() {
        for (let turn = nextTurn(); turn !== undefined; turn = nextTurn()) yield* operate(at(items, turn))
      })
      return Effect.runPromise(Effect.all(Array.from({ length: callers }, () => caller), {
        concurrency: "unbounded",
        discard: true
      }))
    }
  }
})

/** Callers that are async functions. */
export const promises = <Item>(
  { callers, operations, prepare }: Load<Item>,
  operate: (item: Item) => Promise<unknown>
): Contender => ({
  operations,
  prepare: async () => {
    const items = await prepare()
    return async () => {
      const nextTurn = makeTurns(operations)
      const caller = async () => {
        for (let turn = nextTurn(); turn !== undefined; turn = nextTurn()) await operate(at(items, turn))
      }
      await Promise.all(Array.from({ length: callers }, caller))
    }
  }
})

/** Names an operation and who asks for it. */
export const subjectOf = (subject: string, callers: number): string =>
  `${subject}, ${callers === 1 ? "1 caller" : `${callers} callers`}`
