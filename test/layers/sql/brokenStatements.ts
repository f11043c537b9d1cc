/**
 * Mistakes in the SQL of the drivers, made by changing the text of real statements. The values of a statement stay, so a
 * condition that is dropped becomes one that always holds.
 */
import { type Rewrite, rewrite } from "./rewrite.ts"

/** A mistake: on which engines it can be made, and what has to notice it. */
export interface BrokenStatement {
  readonly name: string
  /** A subject of the contract. */
  readonly noticedBy: string
  readonly sqlite?: Rewrite
  readonly postgres?: Rewrite
}

const patch = /revision = \S+\.revision \+ 1/
/** Where it is compared, and not where it is set. */
const guardAttempt = /\battempt = (\?|\$\d+)(?= AND|\) AS permitted| RETURNING)/
const insertTask = /^(WITH (room .*)?added AS \()?INSERT INTO \w+tasks /
const sweepTasks = /^(WITH removed AS \()?WITH gone .* DELETE FROM \w+tasks /
const messagesOfRemoved = /^DELETE FROM \w+messages WHERE queue IN |^WITH removed /
const sweepMessages = /^WITH gone .* DELETE FROM \w+messages /
const page = /^SELECT .* ORDER BY created_at, task_id LIMIT \S+$/s
const tie = /^UPDATE \w+tasks SET rerun_as = /
const tied = /, tied AS /
const stats = "stats"
const countAll = /^SELECT \(SELECT count/
const groups = / GROUP BY .* UNION ALL SELECT NULL, /
const failures = /^SELECT original_method, name, failure, /
const ending = /^SELECT task_id FROM \w+ WHERE task_id (IN|= ANY) /
const parts = /^WITH page AS \(SELECT \* FROM /
const newest = /^SELECT .* ORDER BY created_at DESC, task_id DESC LIMIT \S+$/s
const severalStatuses = /^WITH page AS \(SELECT \* FROM /
const freeTasks = "claimableTasks, expired leases"
const abandoned = /^SELECT task_id, result_kind FROM .* ORDER BY lease_expires_at/
const free = /^WITH RECURSIVE due .* sessions /
const kinds = /^WITH RECURSIVE due .* kinds /
const claims = "claimTasks"
const turns = "turns of sessions and kinds"
const kindsOfTasks = "kinds of tasks"
const move = /^WITH moving /
const release = /^(WITH held AS .*|SELECT task\.task_id FROM .* AS dead )/
const declareDead = /^WITH expired /
const renew = /^UPDATE \w+workers SET lease_expires_at/
const removeDead = /DELETE FROM \w+workers /
const takeNews = /^WITH waiting /
const tell = /INSERT INTO \w+worker_news /
const news = "news of workers"
const pauses = "pauseTasks, resumeTasks"
const shift = /^DELETE FROM \w+messages WHERE seq = /
const drain = /^DELETE FROM \w+messages WHERE queue = /

const both = (name: string, noticedBy: string, change: Rewrite): BrokenStatement => ({
  name,
  noticedBy,
  sqlite: change,
  postgres: change
})

const always = (matched: string) => `(${matched} OR 1 = 1)`
const never = (matched: string) => `(${matched} AND 1 = 0)`

const primitives = [
  ["find", /^SELECT task_id, session_id, .* WHERE task_id = /s],
  ["patch", patch],
  ["remove", /^(WITH removed AS \()?DELETE FROM \w+tasks WHERE task_id = .* RETURNING task_id/],
  ["page", page],
  ["count", /^SELECT count\(\*\) FROM \w+tasks /]
] as const

export const brokenStatements: ReadonlyArray<BrokenStatement> = [
  both("patch does not check the status", "updateTaskStatus", rewrite(patch, "status IN (*)", always)),
  both(
    "patch does not check the revision",
    "requireInput, provideInput",
    rewrite(patch, "revision = # AND", (matched) => `(${matched.slice(0, -4)} OR 1 = 1) AND`)
  ),
  both(
    "patch takes a task for an earlier one of its id",
    "requireInput, provideInput",
    rewrite(patch, "incarnation = #", always)
  ),
  both("patch overwrites a result", "storeTaskResult, getTaskResult", rewrite(patch, "result IS NULL", always)),
  both("patch does not check the age", "recoverStuckTasks", rewrite(patch, "last_updated_at < #", always)),
  both(
    "patch does not check the attempt",
    "fencing",
    (text) => patch.test(text) ? text.replace(guardAttempt, always) : text
  ),
  both("patch does not check the lease", freeTasks, rewrite(patch, "lease_expires_at <= #", always)),
  both(
    "patch takes a released task for one that was left",
    "primitives",
    rewrite(patch, "coalesce(due_at, 0) <> lease_expires_at", always)
  ),
  both("patch does not check the size", "limits", rewrite(patch, "<= #", (matched) => `${matched} + 1000000000`)),
  both("patch does not raise the revision", "updateTaskStatus", rewrite(patch, ".revision + 1", () => ".revision + 0")),

  ...primitives.flatMap(([primitive, statement]) => [
    both(`${primitive} sees expired tasks`, "expiry", rewrite(statement, "expires_at > #", always)),
    both(`${primitive} ignores the session`, "sessions", rewrite(statement, "session_id = #", always))
  ]),
  both("find ignores that a task has a session", "sessions", rewrite(primitives[0][1], "session_id IS NULL", always)),

  {
    name: "insert overwrites a task whose id is taken",
    noticedBy: "createTask",
    sqlite: (text) =>
      insertTask.test(text)
        ? text.replace("INSERT", "INSERT OR REPLACE").replace(/ON CONFLICT .* RETURNING/, "RETURNING")
        : text,
    postgres: rewrite(insertTask, "task.expires_at <= #", always)
  },
  {
    name: "insert does not replace an expired task",
    noticedBy: "expiry",
    sqlite: rewrite(/^DELETE FROM \w+tasks WHERE task_id = \? AND expires_at <= \? /, "expires_at <= #", never),
    postgres: rewrite(insertTask, "task.expires_at <= #", never)
  },
  {
    name: "insert does not check how many tasks there are",
    noticedBy: "limits",
    sqlite: rewrite(insertTask, "session_id = ''), 0) < #", (matched) => `${matched} + 1000`),
    postgres: rewrite(/^CREATE FUNCTION \w+_room/, ">= in_max_tasks THEN", () => ">= in_max_tasks + 1000 THEN")
  },
  {
    name: "insert does not check how many tasks the session has",
    noticedBy: "limits",
    sqlite: rewrite(insertTask, "session_id = #), 0) < #", (matched) => `${matched} + 1000`),
    postgres: rewrite(
      /^CREATE FUNCTION \w+_room/,
      "in_max_tasks_per_session THEN",
      () => "in_max_tasks_per_session + 1000 THEN"
    )
  },
  {
    name: "new tasks are not counted",
    noticedBy: "limits",
    sqlite: rewrite(/^CREATE TRIGGER \w+_count_insert/, "tasks = tasks + 1", () => "tasks = tasks + 0"),
    postgres: rewrite(/^CREATE FUNCTION \w+_count_insert/, "tasks = tasks + added.number", () => "tasks = tasks")
  },
  {
    name: "tasks that go are not counted",
    noticedBy: "limits",
    sqlite: rewrite(/^CREATE TRIGGER \w+_count_delete/, "tasks = tasks - 1", () => "tasks = tasks - 0"),
    postgres: rewrite(/^CREATE FUNCTION \w+_count_delete/, "tasks = tasks - removed.number", () => "tasks = tasks")
  },

  {
    name: "a rerun is not tied to its task",
    noticedBy: "rerunTask",
    sqlite: rewrite(tie, "rerun_as = #", () => "rerun_as = nullif(?, 'new')"),
    postgres: rewrite(tied, "rerun_as = added.task_id", () => "rerun_as = nullif(added.task_id, 'new')")
  },
  {
    name: "a rerun does not change the revision of its task",
    noticedBy: "rerunTask",
    sqlite: rewrite(tie, "revision + 1", () => "revision + 0"),
    postgres: rewrite(tied, "revision = task.revision + 1", () => "revision = task.revision")
  },

  both("count of all sees expired tasks", "expiry", rewrite(countAll, "expires_at <= #", never)),
  both("tally counts expired tasks", stats, rewrite(groups, "created_at + ttl > #", always)),
  both("tally counts expired tasks of a session", stats, rewrite(groups, "expires_at > #", always)),
  both("tally ignores the session", stats, rewrite(groups, "session_id = #", always)),
  {
    name: "tally leaves out long methods",
    noticedBy: stats,
    postgres: rewrite(groups, "256) = 256", never)
  },
  {
    name: "tally takes the methods of a name for one",
    noticedBy: stats,
    sqlite: rewrite(groups, "first_method = last_method", always)
  },
  both("tally finds failures of any time", stats, rewrite(failures, "last_updated_at >= #", always)),
  both("tally finds no tool errors", stats, rewrite(failures, "result_kind = 'tool_error'", never)),
  both("tally finds failures of any session", stats, rewrite(failures, "session_id = #", always)),
  both("tally finds expired failures", stats, rewrite(failures, "expires_at > #", always)),
  {
    name: "an ending is found anywhere",
    noticedBy: stats,
    sqlite: rewrite(ending, "substr(task_id, -#) = #", always),
    postgres: rewrite(ending, "right(task_id, #) = #", always)
  },
  both("expired tasks are found by their endings", stats, rewrite(ending, "expires_at > #", always)),
  {
    name: "a page ignores the name",
    noticedBy: "filters",
    sqlite: rewrite(parts, "name = #", always),
    postgres: rewrite(parts, "name COLLATE \"C\" = #", always)
  },
  both("a page of no name has tasks of names", "filters", rewrite(parts, "name IS NULL", always)),
  {
    name: "a page of a name leaves out long methods",
    noticedBy: "filters",
    postgres: rewrite(parts, "256) = 256", never)
  },

  both(
    "page is not in order",
    "lists",
    rewrite(page, "ORDER BY created_at, task_id", () => "ORDER BY task_id, created_at")
  ),
  // Without any order SQLite gives that of the index that it reads.
  {
    name: "page is in no order",
    noticedBy: "lists",
    postgres: rewrite(page, "ORDER BY created_at, task_id", () => "")
  },
  both("page repeats the task of the cursor", "lists", rewrite(page, "task_id) > (", () => "task_id) >= (")),
  both(
    "page skips tasks of the same time",
    "lists",
    rewrite(
      page,
      "(created_at, task_id) > (#, #)",
      (matched) => `(${matched} AND created_at > ${/\(([^,(]+), [^,]+\)$/.exec(matched)?.[1] ?? ""})`
    )
  ),
  both(
    "page ignores the status",
    "lists",
    (text) => page.test(text) ? text.replaceAll(/status = '\w+'/g, always) : text
  ),
  both(
    "the newest page has the ids of one time in the order of the oldest",
    "filters",
    (text) => newest.test(text) ? text.replaceAll("task_id DESC", "task_id") : text
  ),
  both(
    "the newest page repeats the task of the cursor",
    "filters",
    rewrite(newest, "task_id) < (", () => "task_id) <= (")
  ),
  both(
    "the oldest page has what was created at the end of a time",
    "filters",
    rewrite(page, "created_at < #", (matched) => `${matched} + 1`)
  ),
  both(
    "the newest page leaves out what was created at the start of a time",
    "filters",
    rewrite(newest, "created_at >= #", (matched) => `${matched} + 1`)
  ),
  both(
    "a page of several statuses is in the order of ids",
    "filters",
    (text) => severalStatuses.test(text) ? text.replace(/(WINDOW w AS \(ORDER BY )created_at( DESC)?, /, "$1") : text
  ),
  both(
    "a page of several statuses has too few of each",
    "filters",
    (text) => severalStatuses.test(text) ? text.replaceAll(/LIMIT (\S+)(?=\) AS)/g, "LIMIT $1 - 2") : text
  ),
  both("page ignores its bytes", "lists", rewrite(page, "AS sizes) <= #", (matched) => `${matched} + 1000000000000`)),
  both(
    "stale finds tasks of any age",
    "recoverStuckTasks",
    (text) =>
      rewrite(/active_updated_at < /, "active_updated_at < #", always)(
        rewrite(patch, "last_updated_at < #", always)(text)
      )
  ),
  both(
    "what is held counts as abandoned",
    freeTasks,
    (text) => rewrite(patch, "lease_expires_at <= #", always)(rewrite(abandoned, "lease_expires_at <= #", always)(text))
  ),
  both(
    "what waits on purpose counts as abandoned",
    "delays",
    (text) =>
      rewrite(patch, "coalesce(due_at, 0) <> lease_expires_at", always)(
        rewrite(abandoned, "coalesce(due_at, 0) <> lease_expires_at", always)(text)
      )
  ),
  both("free tasks are found whatever their lease", claims, rewrite(free, "lease_expires_at <= #", always)),
  both("free tasks are found though they have expired", claims, rewrite(free, "expires_at > #", always)),
  both(
    "free tasks of other kinds are found",
    kindsOfTasks,
    (text) => free.test(text) ? text.replaceAll(/AND \S.*? = (given|sessions|chosen)\.kind/g, "") : text
  ),
  both("free tasks of one session fill the list", turns, rewrite(free, "LIMIT #", (matched) => `${matched} + 1000`)),
  both(
    "free tasks of sessions that are full are found",
    turns,
    rewrite(free, "AND NOT (session", () => "AND 1 = 1 OR (session")
  ),
  both(
    "turns begin with the first session",
    turns,
    (text) =>
      free.test(text) ? text.replace(/given\.kind AND (.*?) > (\?|\$\d+)/, "given.kind AND ($1 > $2 OR 1 = 1)") : text
  ),
  both("kinds are given of tasks that are held", claims, rewrite(kinds, "lease_expires_at <= #", always)),
  both("what has become due is not moved", freeTasks, rewrite(move, "SET ready = 1", () => "SET ready = NULL")),
  both("tasks of live workers are released", "tasks of workers", rewrite(release, "died_at IS NOT NULL", always)),
  both(
    "workers are declared dead whatever their lease",
    "workers",
    rewrite(declareDead, "lease_expires_at <= #", always)
  ),
  both("a worker declares itself dead", "workers", rewrite(declareDead, "worker_id <> #", always)),
  both("dead workers revive", "workers", rewrite(renew, "died_at IS NULL", always)),
  both("a worker goes with what it holds", "primitives", rewrite(removeDead, "AND (*) IS NULL", () => "")),
  // Pauses are news of all workers, under the same name.
  both("news of all workers are taken", pauses, rewrite(takeNews, "worker_id = #", always)),
  both("nobody is told", news, rewrite(tell, "WHERE ", (matched) => `${matched}1 = 0 AND `)),
  both("a claim takes what is paused", pauses, rewrite(free, "AS paused WHERE ", (matched) => `${matched}1 = 0 AND `)),
  both("paused kinds are listed", pauses, rewrite(kinds, "AS paused WHERE ", (matched) => `${matched}1 = 0 AND `)),
  both("the name of a pause is ignored", pauses, rewrite(kinds, "paused.every_name = 1", always)),
  both("a pause of all names is one of none", pauses, rewrite(kinds, "paused.every_name = 1", never)),
  both("the name of a pause is ignored in claims", pauses, rewrite(free, "paused.every_name = 1", always)),
  both(
    "a pause begins anew",
    pauses,
    rewrite(/^INSERT INTO \w+paused_kinds /, "DO NOTHING", () => "DO UPDATE SET paused_at = excluded.paused_at")
  ),
  both("one pause ends with another", pauses, rewrite(/^DELETE FROM \w+paused_kinds /, "kind = #", always)),
  both("dead workers are told of pauses", pauses, rewrite(/^INSERT INTO \w+worker_news /, "died_at IS NULL", always)),
  both("sweep takes tasks that have not expired", "expiry", rewrite(sweepTasks, "expires_at <= #", always)),

  {
    name: "messages of a task that is gone stay",
    noticedBy: "messages",
    sqlite: rewrite(messagesOfRemoved, "queue IN (*)", never),
    postgres: rewrite(messagesOfRemoved, "queue = ANY (ARRAY(*))", never)
  },
  {
    name: "messages of a task that is replaced stay",
    noticedBy: "messages",
    postgres: rewrite(insertTask, "WHERE replaced", () => "WHERE false")
  },
  {
    name: "messages of no task go when it is created",
    noticedBy: "messages",
    postgres: rewrite(insertTask, "WHERE replaced", () => "")
  },

  both("messages are swept before they expire", "maintenance", rewrite(sweepMessages, "expires_at <= #", always)),
  both("messages are not swept", "maintenance", rewrite(sweepMessages, "expires_at <= #", never)),
  both("shift gives expired messages", "messages", rewrite(shift, "expires_at > #", always)),
  both("shift gives the last message", "messages", rewrite(shift, "ORDER BY seq", () => "ORDER BY seq DESC")),
  both("shift mixes up queues", "messages", rewrite(shift, "queue = #", always)),
  both("drain gives expired messages", "messages", rewrite(drain, "expires_at > #", always)),
  both("drain mixes up queues", "messages", rewrite(drain, "queue = #", always)),
  {
    name: "push does not check how many messages wait",
    noticedBy: "messages",
    sqlite: rewrite(/^INSERT INTO \w+messages .*SELECT/, "< #", (matched) => `${matched} + 1000`),
    postgres: rewrite(/^CREATE FUNCTION \w+_push/, ">= in_max_size", () => ">= in_max_size + 1000")
  }
]

/** A lock that a statement of PostgreSQL lacks, and a pause that lets others in between and harms nobody else. */
export interface MissingLock {
  readonly name: string
  readonly noticedBy: string
  readonly lock: Rewrite
  readonly pause: Rewrite
}

const pushFunction = /^CREATE FUNCTION \w+_push/
const countFunctions = /^CREATE FUNCTION \w+_(room|count_lock)/

export const missingLocks: ReadonlyArray<MissingLock> = [
  {
    name: "patch does not lock what it checks",
    noticedBy: "updateTaskStatus",
    lock: rewrite(patch, " FOR NO KEY UPDATE", () => ""),
    pause: rewrite(patch, "MATERIALIZED (SELECT *,", (matched) => `${matched} pg_sleep(0.005) AS paused,`)
  },
  {
    name: "shift does not lock what it takes",
    noticedBy: "messages",
    lock: rewrite(shift, " FOR UPDATE", () => ""),
    pause: rewrite(
      shift,
      "LIMIT 1",
      (matched) => `${matched} OFFSET CASE WHEN pg_sleep(0.005) IS NULL THEN 1 ELSE 0 END`
    )
  },
  {
    name: "push counts without a lock",
    noticedBy: "messages",
    lock: rewrite(pushFunction, "PERFORM pg_advisory_xact_lock(*);", () => ""),
    pause: rewrite(pushFunction, "IF size >=", (matched) => `PERFORM pg_sleep(0.005); ${matched}`)
  },
  {
    name: "insert finds room without a lock",
    noticedBy: "limits",
    lock: rewrite(countFunctions, " FOR UPDATE", () => ""),
    pause: rewrite(countFunctions, "IF freed = 1", (matched) => `PERFORM pg_sleep(0.005); ${matched}`)
  }
]
