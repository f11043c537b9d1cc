/**
 * What `claimableTasks` and `claimTasks` promise of sessions and kinds: which one has its turn, and how much each may have.
 *
 * @since 0.2.0
 */
import { equal } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn } from "./fixtures.ts"
import { bothWays, type FreeTasksRow } from "./freeTasksRow.ts"

/** Sessions in the order of their bytes, which is not that of JavaScript. */
const sessions = ["a", "b", "\ue000", "\u{10000}"] as const

/** Three tasks of each session, and three of none. */
const threeOfEach: FreeTasksRow["tasks"] = ["3", "2", "1"].flatMap((number): FreeTasksRow["tasks"] => [
  ...sessions.map((sessionId) => [`${sessionId}${number}`, { sessionId }] as const),
  [`-${number}`, {}] as const
])

/** The tasks with these numbers of these sessions. */
const ofEach = (names: ReadonlyArray<string>, numbers: ReadonlyArray<number>): ReadonlyArray<string> =>
  names.flatMap((name) => numbers.map((number) => `${name}${number}`))

const all = ["-", ...sessions]

/**
 * @since 0.2.0
 * @category suite
 */
export const turnsGroup: ContractGroup = {
  subject: "turns of sessions and kinds",
  cases: [
    ...bothWays({
      name: "gives sessions turns, in the order of their bytes, those without one first",
      tasks: threeOfEach,
      found: [
        [{ limit: 1 }, ["-1"]],
        [{ limit: 5 }, ofEach(all, [1])],
        [{ limit: 8 }, [...ofEach(all, [1]), "-2", "-3", "a2"]],
        [{}, [...ofEach(all, [1]), ...ofEach(all, [2, 3])]]
      ]
    }),

    ...bothWays({
      name: "begins behind a session, and goes round",
      tasks: threeOfEach,
      found: [
        [{ behindSession: "a", limit: 1 }, ["b1"]],
        [{ behindSession: "b", limit: 3 }, ["\ue0001", "\u{10000}1", "-1"]],
        [{ behindSession: "\ue000", limit: 5 }, ["\u{10000}1", "-1", "a1", "b1", "\ue0001"]],
        [{ behindSession: "\u{10000}", limit: 3 }, ["-1", "a1", "b1"]],
        [{ behindSession: "a ", limit: 2 }, ["b1", "\ue0001"]],
        [{ behindSession: null, limit: 1 }, ["a1"]],
        [{ behindSession: null, limit: 6 }, [...ofEach(sessions, [1]), "-1", "a2"]],
        [{ behindSession: "z" }, ofEach(all, [1, 2, 3]), "of any order"],
        [
          { behindSession: "z", limit: 9 },
          [
            ..."\ue000 \u{10000} - a b".split(" ").map((name) => `${name}1`),
            "\ue0002",
            "\ue0003",
            "\u{10000}2",
            "\u{10000}3"
          ]
        ]
      ]
    }),

    ...bothWays({
      name: "goes round the sessions of all kinds, and then round the kinds",
      tasks: ["one", "two", undefined].flatMap((name) =>
        [undefined, "a", "b"].flatMap((sessionId): FreeTasksRow["tasks"] =>
          name === "two" && sessionId !== "b" ? [] : [[`${name ?? ""}-${sessionId ?? ""}`, { name, sessionId }]]
        )
      ),
      found: [
        [{ limit: 2 }, ["-", "-a"]],
        [{ behindSession: "a", limit: 4 }, ["-b", "one-b", "two-b", "-"]],
        [{ behindSession: "b", limit: 4 }, ["-", "-a", "-b", "one-"]],
        [{ behindKind: { method: "tools/call", name: null }, limit: 3 }, ["one-", "one-a", "one-b"]],
        [{ behindKind: { method: "tools/call" }, limit: 1 }, ["one-"]],
        [{ behindKind: { method: "tools/call", name: "one" }, limit: 3 }, ["two-b", "-", "-a"]],
        [{ behindKind: { method: "tools/call", name: "p" }, limit: 1 }, ["two-b"]],
        [{ behindKind: { method: "tools/call", name: "two" }, limit: 1 }, ["-"]],
        [{ behindKind: { method: "a", name: "z" }, limit: 1 }, ["-"]],
        [{ behindKind: { method: "z" }, limit: 1 }, ["-"]],
        [{ behindKind: { method: "tools/call", name: "one" }, behindSession: "a", limit: 4 }, [
          "two-b",
          "-b",
          "one-b",
          "-"
        ]],
        [{ behindKind: { method: "tools/call", name: null }, behindSession: null, limit: 2 }, ["one-a", "one-b"]]
      ]
    }),

    ...bothWays({
      name: "gives no session more than it may have, with what it runs already",
      tasks: threeOfEach,
      found: [
        [{ perSession: 1 }, [...ofEach(all, [1]), "-2", "-3"]],
        [{ perSession: 2 }, [...ofEach(all, [1, 2]), "-3"], "of any order"],
        [{ perSession: 3 }, ofEach(all, [1, 2, 3]), "of any order"],
        [
          { perSession: 100, running: { a: 99 } },
          [...ofEach(["-", "b", "\ue000", "\u{10000}"], [1, 2, 3]), "a1"],
          "of any order"
        ],
        [{ perSession: 2, running: { a: 2, b: 1, none: 5 } }, [
          ...ofEach(["-"], [1, 2, 3]),
          "b1",
          ...ofEach(["\ue000", "\u{10000}"], [1, 2])
        ], "of any order"],
        [{ perSession: 1, running: { a: 7, b: 1, "\ue000": 1, "\u{10000}": 1 } }, ["-1", "-2", "-3"]],
        [{ perSession: 1, limit: 3 }, ["-1", "a1", "b1"]],
        [{ perSession: 1, limit: 3, behindSession: "b" }, ["\ue0001", "\u{10000}1", "-1"]],
        [{ running: { a: 100 } }, ofEach(all, [1, 2, 3]), "of any order"]
      ]
    }),

    ...bothWays({
      name: "leaves out the sessions that are excepted",
      tasks: threeOfEach,
      found: [
        [{ exceptSessions: ["a", "\u{10000}"] }, [
          ...ofEach(["-", "b", "\ue000"], [1]),
          ...ofEach(["-", "b", "\ue000"], [2, 3])
        ]],
        [{ exceptSessions: sessions }, ["-1", "-2", "-3"]],
        [{ exceptSessions: ["none", "a", "a"], limit: 2 }, ["-1", "b1"]],
        [{ exceptSessions: [] }, ofEach(all, [1, 2, 3]), "of any order"],
        [{ exceptSessions: ["b"], behindSession: "a", limit: 3 }, ["\ue0001", "\u{10000}1", "-1"]],
        [{ exceptSessions: ["b"], perSession: 1, running: { a: 1 }, limit: 4 }, ["-1", "\ue0001", "\u{10000}1", "-2"]]
      ]
    }),

    ...bothWays({
      name: "gives each session the task whose lease ran out first, and of those the first id",
      tasks: [
        ["b", { sessionId: "s" }],
        ["\u{10000}", { sessionId: "s" }],
        ["\ue000", { sessionId: "s" }],
        ["a", { sessionId: "t" }],
        ["c", { sessionId: "t", name: "tool" }]
      ],
      found: [[{ limit: 2 }, ["b", "a"]], [{ limit: 3 }, ["b", "a", "c"]], [{}, ["b", "a", "c", "\ue000", "\u{10000}"]]]
    }),

    contractCase("sessions of whatever text are told apart", function*({ first, second }) {
      const names = ["s", "S", "s ", "null", "é", "e\u0301", "%", "#", "__proto__", "constructor", "x".repeat(255)]
      const all = [...names, "é".repeat(255), "\u{10000}".repeat(127)]
      for (const [index, sessionId] of all.entries()) {
        for (const number of [1, 2]) {
          yield* createIn(first, `task-${index}-${number}`, "working", { lease: 0, sessionId })
        }
      }
      for (const [index, sessionId] of all.entries()) {
        const found = yield* second.claimableTasks({ exceptSessions: all.filter((name) => name !== sessionId) })
        yield* equal("all but one excepted", found, [`task-${index}-1`, `task-${index}-2`])
        const running = Object.fromEntries(all.map((name) => [name, name === sessionId ? 1 : 2]))
        yield* equal("all but one full", yield* second.claimableTasks({ perSession: 2, running }), [`task-${index}-1`])
        const behind = yield* second.claimableTasks({ behindSession: sessionId, limit: all.length })
        yield* equal("the last of a round", behind.at(-1), `task-${index}-1`)
      }
    })
  ]
}
