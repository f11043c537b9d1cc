/**
 * Reading every item of a table once: tasks, parts without an owner, messages without a task, and the counts of limits.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { counted, mostExamples, type StoreFinding } from "../../domain/driver/StoreReport.ts"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { isSameVersion, type StoredTask } from "../../domain/task/StoredTask.ts"
import { CounterAudit } from "./CounterAudit.ts"
import { counterKinds } from "./Counters.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import { Expression } from "./Expression.ts"
import type { InspectedTable } from "./InspectedTable.ts"
import { partKeys, withPayloads } from "./Payloads.ts"
import { headSort, keyOf, seqPrefix } from "./QueueHead.ts"
import { type Item, payloadFields, readIdentity, readTask, taskKey } from "./TaskItem.ts"

const taskPrefix = "t#"
const queuePrefix = "m#"
const partPrefix = "part#"

/** The items under one key, without their parts, and the keys of the parts. */
interface Group {
  readonly pk: string
  readonly owners: Array<Item>
  readonly parts: Array<Item>
}

/** How many were found, how many of them were removed, and some of their owners. */
class Orphans {
  count = 0
  removed = 0
  readonly owners = new Set<string>()

  add(owner: string, count: number, removed: number): void {
    this.count += count
    this.removed += removed
    if (count > 0 && this.owners.size < mostExamples) this.owners.add(owner)
  }

  finding(
    of: Pick<StoreFinding, "code" | "subject" | "problem" | "advice">,
    fix: boolean
  ): ReadonlyArray<StoreFinding> {
    return this.count === 0 ? [] : [{
      ...of,
      severity: "warning",
      fixable: true,
      ...(fix ? { fixed: this.removed >= this.count } : {}),
      count: this.count,
      examples: Array.from(this.owners)
    }]
  }
}

/**
 * Reads the table page by page. It hands over each task, and gives what else it finds. Everything it removes is looked at once more.
 *
 * @since 0.2.0
 * @category constructors
 */
export const scanTable = Effect.fnUntraced(function*(
  inspected: InspectedTable,
  now: number,
  fix: boolean,
  seen: (taskId: string, task: StoredTask | undefined) => void
): Effect.fn.Return<ReadonlyArray<StoreFinding>, TaskDriverError> {
  const { definition: { tableName }, messages, nextToken, table } = inspected
  const audits = yield* Effect.forEach(counterKinds, (kind) => CounterAudit.begin(table, kind, nextToken))
  const hasTasks = yield* holdsTasks(inspected)
  const parts = new Orphans()
  const queues = new Orphans()

  const readOne = (item: Item) =>
    Effect.gen(function*() {
      const whole = yield* withPayloads(table, item, payloadFields)
      return whole === undefined ? undefined : { task: yield* table.decode(() => readTask(whole)) }
    })

  /** A part that is gone says that the task was written meanwhile, or that somebody took the part. */
  const examine = (item: Item, taskId: string) =>
    Effect.gen(function*() {
      const first = yield* readOne(item)
      if (first !== undefined) return seen(taskId, first.task)
      const again = yield* table.get(taskKey(taskId))
      if (again === undefined) return
      const second = yield* readOne(again)
      const isSame = yield* table.decode(() => isSameVersion(readIdentity(item), readIdentity(again)))
      if (second !== undefined || isSame) seen(taskId, second?.task)
    }).pipe(
      Effect.catch((error) => error.retryable ? Effect.fail(error) : Effect.sync(() => seen(taskId, undefined)))
    )

  /** A part is an orphan if it is there after its owners were read, and none of them names it. Parts never get another owner. */
  const orphansOf = (group: Group) =>
    Effect.gen(function*() {
      const suspects = group.parts.filter((part) => !namesPart(group.owners, part))
      if (suspects.length === 0) return []
      const owners = yield* readOwners(inspected, group.pk)
      return yield* table.getAll(suspects.filter((part) => !namesPart(owners, part)), { attributes: ["pk", "sk"] })
    })

  const countIn = (item: Item) =>
    Effect.gen(function*() {
      let current = item
      for (const audit of audits) {
        // It has written the task.
        if (yield* audit.add(current, fix)) current = (yield* table.get(keyOf(item))) ?? current
      }
    })

  const finish = (group: Group) =>
    Effect.gen(function*() {
      const id = group.pk.slice(taskPrefix.length)
      if (group.pk.startsWith(taskPrefix)) {
        for (const item of group.owners) {
          yield* examine(item, id)
          yield* countIn(item)
        }
      }
      const orphans = yield* orphansOf(group)
      if (fix) {
        for (const part of orphans) {
          yield* Effect.mapError(table.remove({ Key: keyOf(part) }), unexpected)
        }
      }
      parts.add(id, orphans.length, fix ? orphans.length : 0)
      if (hasTasks && group.pk.startsWith(queuePrefix)) {
        const waiting = waitingIn(group.owners, now)
        if (waiting === 0 || (yield* table.get(taskKey(id), { attributes: ["pk"] })) !== undefined) return
        queues.add(id, waiting, fix ? (yield* messages.drain(id, now)).length : 0)
      }
    })

  let group: Group | undefined
  let behind: Item | undefined
  do {
    const page = yield* table.scan(behind)
    for (const item of page.Items ?? []) {
      const [pk, sk] = [item["pk"]?.S ?? "", item["sk"]?.S ?? ""]
      for (const audit of audits) audit.see(item)
      if (!pk.startsWith(taskPrefix) && !pk.startsWith(queuePrefix)) continue
      if (group !== undefined && group.pk !== pk) yield* finish(group)
      if (group?.pk !== pk) group = { pk, owners: [], parts: [] }
      if (sk.startsWith(partPrefix)) group.parts.push(keyOf(item))
      else group.owners.push(pk.startsWith(taskPrefix) ? item : withoutBody(item))
    }
    behind = page.LastEvaluatedKey
  } while (behind !== undefined)
  if (group !== undefined) yield* finish(group)

  return [
    ...parts.finding({
      code: "parts",
      subject: tableName,
      problem: `${counted(parts.count, "part")} of payloads ${
        parts.count === 1 ? "belongs" : "belong"
      } to no task or message.`,
      advice: "Somebody deleted the items that they belong to. Remove them with fix; nobody reads them."
    }, fix),
    ...queues.finding({
      code: "messages",
      subject: tableName,
      problem: `${counted(queues.count, "message")} ${
        queues.count === 1 ? "waits" : "wait"
      } for tasks that are not there.`,
      advice:
        "Nobody will fetch them. They go by themselves once they expire, a day after they came by default, or with fix."
    }, fix),
    ...(yield* Effect.forEach(audits, (audit) => audit.findings(tableName, fix))).flat()
  ]
})

/** What a message says may be large, and is not looked at. */
const withoutBody = ({ body, ...item }: Item): Item => body?.M === undefined ? item : { ...item, body }

const namesPart = (owners: ReadonlyArray<Item>, part: Item): boolean =>
  owners.some((owner) => {
    try {
      return partKeys(owner).some(({ pk, sk }) => pk?.S === part["pk"]?.S && sk?.S === part["sk"]?.S)
    } catch {
      // Nobody can tell which parts such an item has.
      return true
    }
  })

/** Reads all that may have parts under a key. */
const readOwners = Effect.fnUntraced(function*(
  { table }: InspectedTable,
  pk: string
): Effect.fn.Return<ReadonlyArray<Item>, TaskDriverError> {
  if (pk.startsWith(taskPrefix)) {
    const item = yield* table.get(taskKey(pk.slice(taskPrefix.length)))
    return item === undefined ? [] : [item]
  }
  const owners: Array<Item> = []
  let from: Item | undefined
  do {
    const expression = new Expression()
    const { Items = [], LastEvaluatedKey } = yield* table.query({
      KeyConditionExpression: `${expression.compare("pk", "=", pk)} AND ${expression.name("sk")} < ${
        expression.text(partPrefix)
      }`,
      ConsistentRead: true,
      ExclusiveStartKey: from,
      ...expression.maps
    })
    owners.push(...Items.map(withoutBody))
    from = LastEvaluatedKey
  } while (from !== undefined)
  return owners
})

/** Counts the messages between the ends that the head of a queue names. */
const waitingIn = (owners: ReadonlyArray<Item>, now: number): number => {
  const head = owners.find(({ sk }) => sk?.S === headSort)
  const [first, next] = [Number(head?.["first"]?.N), Number(head?.["next"]?.N)]
  return owners.filter(({ expiresAt, sk }) => {
    if (sk?.S?.startsWith(seqPrefix) !== true) return false
    const seq = Number(sk.S.slice(seqPrefix.length))
    return seq >= first && seq < next && Number(expiresAt?.N) > now
  }).length
}

/** Where there are no tasks at all, the queues belong to tasks that are kept elsewhere. */
const holdsTasks = Effect.fnUntraced(function*(
  { shards, table }: InspectedTable
): Effect.fn.Return<boolean, TaskDriverError> {
  for (let partition = 0; partition < shards; partition++) {
    const expression = new Expression()
    const { Items = [] } = yield* table.query({
      IndexName: "all",
      KeyConditionExpression: expression.compare("partition", "=", String(partition)),
      Limit: 1,
      ...expression.maps
    })
    if (Items.length > 0) return true
  }
  return false
})
