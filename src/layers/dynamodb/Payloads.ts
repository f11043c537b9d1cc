/**
 * Large payloads: compressed when that helps, and split over items of their own when that is not enough.
 *
 * The attribute of a payload is text while it fits (S), compressed text (B), or says where its parts are (M). An item
 * that has parts counts them in `parts`, so that conditions can ask. Parts never change: a payload that is written anew
 * gets new ones, in the transaction that names them and deletes the old ones.
 *
 * @since 0.1.0
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { isSameVersion } from "../../domain/task/StoredTask.ts"
import { compress, decompress } from "./compression.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { CorruptItem, type Item, numeric, readIdentity, readInteger, readText } from "./TaskItem.ts"

/** How many bytes the payloads of an item may take together. An item may take 400 KB with all its attributes and names. */
const inlineBytes = 380_000

/** Below this, compressing is not worth it. */
const leastToCompress = 1_000

/** What an attribute takes that says where parts are; no more than that, and splitting would not help. */
const referenceBytes = 150

/**
 * Payloads as they are written: their attributes, and the items of those that are split.
 *
 * @since 0.1.0
 * @category models
 */
export interface Layout {
  readonly attributes: Item
  readonly parts: ReadonlyArray<Item>
}

/**
 * Lays payloads out for the item with this partition key. What was read and stays is given as it lies there. `unique`
 * names the parts, and no other write uses it.
 *
 * @since 0.1.0
 * @category writers
 */
export const layOut = Effect.fnUntraced(function*(
  pk: string,
  payloads: Item,
  unique: string
): Effect.fn.Return<Layout, TaskDriverError> {
  const attributes = new Map(Object.entries(payloads))
  const parts: Array<Item> = []
  const largestFirst = () => [...attributes].sort(([, left], [, right]) => bytesOf(right) - bytesOf(left))
  const isFitting = () => {
    let bytes = 0
    for (const value of attributes.values()) bytes += bytesOf(value)
    return bytes <= inlineBytes
  }

  for (const [name, value] of largestFirst()) {
    if (isFitting() || bytesOf(value) < leastToCompress) break
    if (value.S === undefined) continue
    const compressed = yield* compress(value.S)
    if (compressed.length < value.S.length * 0.9) attributes.set(name, { B: compressed })
  }
  for (const [name, value] of largestFirst()) {
    if (isFitting() || bytesOf(value) <= referenceBytes) break
    const id = `${unique}.${name}`
    const bodies = split(value)
    bodies.forEach((body, index) => parts.push({ ...partKey(pk, id, index), body }))
    attributes.set(name, {
      M: { id: { S: id }, count: numeric(bodies.length), isCompressed: { BOOL: value.B !== undefined } }
    })
  }

  const count = referencesIn(attributes.values()).reduce((count, reference) => count + reference.count, 0)
  return {
    attributes: { ...Object.fromEntries(attributes), ...(count === 0 ? {} : { parts: numeric(count) }) },
    parts
  }
})

/**
 * Gives an item with its payloads as text; `undefined` when a part is gone, because the item has changed since.
 *
 * @since 0.1.0
 * @category readers
 */
export const withPayloads = (
  table: DynamoDbTable,
  item: Item,
  fields: ReadonlyArray<string>
): Effect.Effect<Item | undefined, TaskDriverError> =>
  fields.every((field) => item[field] === undefined || item[field].S !== undefined)
    ? Effect.succeed(item)
    : expand(table, item, fields)

/**
 * Throws a {@link CorruptItem} if an item that lacked a part before is the same now: nobody wrote it meanwhile, but
 * somebody took its part.
 *
 * @since 0.1.0
 * @category readers
 */
export const requireChange = (before: Item | undefined, now: Item): void => {
  if (before !== undefined && isSameVersion(readIdentity(before), readIdentity(now))) {
    throw new CorruptItem("a part of it is missing")
  }
}

const expand = Effect.fnUntraced(function*(
  table: DynamoDbTable,
  item: Item,
  fields: ReadonlyArray<string>
): Effect.fn.Return<Item | undefined, TaskDriverError> {
  const pk = yield* table.decode(() => readText(item, "pk"))
  const values = fields.flatMap((field) => item[field] === undefined ? [] : [[field, item[field]] as const])
  const references = yield* table.decode(() => referencesIn(values.map(([, value]) => value)))
  const keys = references.flatMap((reference) => keysOf(pk, reference))
  const found = new Map(
    (yield* table.getAll(keys)).map((part) => [part["sk"]?.S, part["body"]])
  )
  const texts: Array<readonly [string, AttributeValue]> = []
  for (const [field, value] of values) {
    const reference = referenceOf(value)
    if (reference === undefined) {
      texts.push([field, value.B === undefined ? value : { S: yield* decompress(value.B) }])
      continue
    }
    const bodies = keysOf(pk, reference).map(({ sk }) => found.get(sk.S))
    if (bodies.includes(undefined)) return undefined
    const text = reference.isCompressed
      ? yield* decompress(Buffer.concat(bodies.map((body) => body?.B ?? new Uint8Array())))
      : bodies.map((body) => body?.S ?? "").join("")
    texts.push([field, { S: text }])
  }
  return { ...item, ...Object.fromEntries(texts) }
})

/**
 * Gives the keys of all parts of an item. Throws a {@link CorruptItem}.
 *
 * @since 0.1.0
 * @category readers
 */
export const partKeys = (item: Item): ReadonlyArray<Item> =>
  item["parts"] === undefined
    ? []
    : referencesIn(Object.values(item)).flatMap((reference) => keysOf(readText(item, "pk"), reference))

interface Reference {
  readonly id: string
  readonly count: number
  readonly isCompressed: boolean
}

const referencesIn = (values: Iterable<AttributeValue>): ReadonlyArray<Reference> => {
  const references: Array<Reference> = []
  for (const value of values) {
    const reference = referenceOf(value)
    if (reference !== undefined) references.push(reference)
  }
  return references
}

const referenceOf = ({ M }: AttributeValue): Reference | undefined =>
  M === undefined
    ? undefined
    : { id: readText(M, "id"), count: readInteger(M, "count"), isCompressed: M["isCompressed"]?.BOOL === true }

const partKey = (pk: string, id: string, index: number) => ({ pk: { S: pk }, sk: { S: `part#${id}#${index}` } })

const keysOf = (pk: string, { count, id }: Reference) =>
  Array.from({ length: count }, (_, index) => partKey(pk, id, index))

const split = (value: AttributeValue): ReadonlyArray<AttributeValue> => {
  const { B, S = "" } = value
  return Array.from(
    { length: Math.ceil(bytesOf(value) / inlineBytes) },
    (_, index) => {
      const start = index * inlineBytes
      const end = start + inlineBytes
      return B === undefined ? { S: S.slice(start, end) } : { B: B.slice(start, end) }
    }
  )
}

/** Text is ASCII, so that its length is its size. */
const bytesOf = ({ B, M, S }: AttributeValue): number =>
  S?.length ?? B?.length ?? (M === undefined ? 0 : referenceBytes)
