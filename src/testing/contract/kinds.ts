/**
 * What `claimableTasks` and `claimTasks` promise of the kinds of tasks: those that are asked for, and no others.
 *
 * @since 0.2.0
 */
import type { TaskKind } from "../../domain/options/TaskOptions.ts"
import { equal } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, longLease } from "./fixtures.ts"
import { bothWays } from "./freeTasksRow.ts"

const kindRow = (...kinds: ReadonlyArray<TaskKind>) => ({ kinds })

/** Texts that an index could mix up. */
const awkward = [
  "",
  "x",
  "X",
  "x ",
  "é",
  "e\u0301",
  "\u0000",
  "x\u0000",
  "x\u0000x",
  "\"",
  "\\",
  "\\u0000",
  "'",
  "%",
  "_",
  "null",
  "__proto__",
  "constructor",
  "\ud800",
  "\udc00x",
  "\ufffd",
  "\ue000",
  "\u{10000}",
  "#",
  "/",
  "\n",
  `${"long ".repeat(1_000)}one`,
  `${"long ".repeat(1_000)}two`
]

const awkwardNames = [
  ...awkward.filter((name) => name !== "" && name.length < 256),
  "é".repeat(255),
  `${"é".repeat(254)}e`
]

/**
 * @since 0.2.0
 * @category suite
 */
export const kindsGroup: ContractGroup = {
  subject: "kinds of tasks",
  cases: [
    ...bothWays({
      name: "finds the kinds that are named, and no others",
      tasks: [
        ["search", { name: "search" }],
        ["fetch", { originalParams: { name: "fetch" } }],
        ["bare", {}],
        ["prompt", { originalMethod: "prompts/get", name: "search" }],
        ["of a session", { name: "search", sessionId: "s" }]
      ],
      found: [
        [{}, ["prompt", "bare", "fetch", "search", "of a session"]],
        [{ kinds: [] }, []],
        [kindRow({ method: "tools/call" }), ["bare", "fetch", "search", "of a session"]],
        [kindRow({ method: "tools/call", name: undefined }), ["bare", "fetch", "search", "of a session"]],
        [kindRow({ method: "tools/call", name: null }), ["bare"]],
        [kindRow({ method: "tools/call", name: "search" }), ["search", "of a session"]],
        [kindRow({ method: "prompts/get", name: "search" }, { method: "tools/call", name: "fetch" }), [
          "prompt",
          "fetch"
        ]],
        [kindRow({ method: "prompts/get" }, { method: "prompts/get", name: "search" }), ["prompt"]],
        [kindRow({ method: "prompts/get", name: null }), []],
        [kindRow({ method: "tools" }, { method: "" }, { method: "Tools/call" }), []],
        [kindRow({ method: "tools/call", name: "Search" }, { method: "tools/call", name: "searc" }), []],
        [{ kinds: [{ method: "tools/call", name: "search" }], limit: 1 }, ["search"]],
        [{ kinds: [{ method: "tools/call", name: "search" }], exceptSessions: ["s"] }, ["search"]]
      ]
    }),

    ...bothWays({
      name: "tells apart methods that differ by little",
      tasks: awkward.map((originalMethod, index) => [`task-${index}`, { originalMethod }]),
      found: [
        [kindRow({ method: "" }), ["task-0"]],
        [
          kindRow(...awkward.map((method) => ({ method, name: null }))),
          awkward.map((_, index) => `task-${index}`),
          "of any order"
        ]
      ]
    }),

    ...(["method", "name"] as const).map((field) =>
      contractCase(`finds each ${field} for itself, of whatever text`, function*({ first, second }) {
        const texts = field === "method" ? awkward : awkwardNames
        for (const [index, text] of texts.entries()) {
          const kind = field === "method" ? { originalMethod: text } : { originalMethod: "tools/call", name: text }
          yield* first.createTask({ ...kind, lease: 0, taskId: `task-${index}` })
        }
        for (const [index, text] of texts.entries()) {
          const kinds = [field === "method" ? { method: text, name: null } : { method: "tools/call", name: text }]
          yield* equal(`task-${index}`, yield* second.claimableTasks({ kinds }), [`task-${index}`])
        }
        for (const [index, text] of texts.entries()) {
          const kinds = [field === "method" ? { method: text, name: null } : { method: "tools/call", name: text }]
          const claimed = yield* second.claimTasks({ ...longLease, kinds })
          yield* equal(`task-${index}`, claimed.map(({ record }) => record.taskId), [`task-${index}`])
        }
        yield* equal("left", yield* first.claimableTasks(), [])
      })
    ),

    contractCase("kinds do not run together: what ends the method does not begin the name", function*({
      first,
      second
    }) {
      const kinds = [
        { method: "a", name: "b\u0000c" },
        { method: "a\u0000b", name: "c" },
        { method: "a\"", name: "\"b" },
        { method: "a\"\"", name: "b" },
        { method: "a#", name: "b" },
        { method: "a", name: "#b" },
        { method: "a", name: null },
        { method: "a", name: "null" }
      ]
      for (const [index, { method, name }] of kinds.entries()) {
        yield* createIn(first, `task-${index}`, "working", {
          lease: 0,
          originalMethod: method,
          ...(name === null ? {} : { name })
        })
      }
      for (const [index, kind] of kinds.entries()) {
        yield* equal(`task-${index}`, yield* second.claimableTasks({ kinds: [kind] }), [`task-${index}`])
      }
    })
  ]
}
