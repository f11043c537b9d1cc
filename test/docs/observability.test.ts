/** That the page about observability, the dashboard and the alerts name what there is: every span, attribute, metric and log line. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import * as StorageMetrics from "../../src/domain/telemetry/StorageMetrics.ts"
import { traceAttributes, traceSpans } from "../../src/domain/telemetry/TraceNames.ts"
import * as RunnerMetrics from "../../src/runner/tracing/RunnerMetrics.ts"

const root = join(import.meta.dirname, "../..")
const read = (file: string): string => readFileSync(join(root, file), "utf8")
const page = read("docs/observability.md")

/** The rows of the table whose heading begins with this name. */
const tableOf = (text: string, heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const [, rows = ""] = new RegExp(`^\\| ${heading} +\\|.*\\n\\|[ |-]+\\|\\n((?:\\|.*\\n)+)`, "m").exec(text) ?? []
  return rows.trimEnd().split("\n").map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()))
}

const quotedIn = (cell = ""): ReadonlyArray<string> => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = ""]) => name)

describe("spans", () => {
  test("each has a row with its kind and its attributes", () => {
    const listed = tableOf(page, "span").map(([name, kind, attributes]) => ({
      name: quotedIn(name).join(),
      kind,
      attributes: [...quotedIn(attributes)].toSorted()
    }))
    const known = Object.values(traceSpans).map(({ attributes, kind, name }) => ({
      name,
      kind,
      attributes: [...attributes].toSorted()
    }))
    expect(listed).toEqual(known)
  })

  test("each attribute has a row", () => {
    expect(tableOf(page, "attribute").map(([name]) => quotedIn(name).join())).toEqual(Object.values(traceAttributes))
  })
})

/** Every metric, with all labels that it may have. */
const series = ((): ReadonlyArray<Metric.Metric.Snapshot> => {
  const registry: Metric.MetricRegistry = new Map()
  const task = { originalMethod: "tools/call", resultKind: "success", status: "completed" } as const
  const { duration, settled } = RunnerMetrics.ofTask(task, "report")
  const timed = StorageMetrics.durationOf("getTask")
  const touched = Effect.all([
    RunnerMetrics.begin,
    Metric.value(settled),
    Metric.value(duration),
    Metric.value(RunnerMetrics.retriedOf("tools/call", "report")),
    Metric.value(StorageMetrics.errorsOf("getTask", true)),
    Metric.value(timed)
  ])
  Effect.runSync(Effect.provideService(touched, Metric.MetricRegistry, registry))
  return Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))
})()

const unitOf = ({ attributes }: Metric.Metric.Snapshot): string =>
  attributes?.["time_unit"] === undefined ? attributes?.["unit"] ?? "" : "ms"

const labelsOf = ({ attributes = {} }: Metric.Metric.Snapshot): ReadonlyArray<string> =>
  Object.keys(attributes).filter((label) => label !== "unit" && label !== "time_unit").toSorted()

/** As Prometheus names what it gets by OTLP: units in words behind the name, those in braces left out, and `_total` behind counters. */
const prometheusNames = (metric: Metric.Metric.Snapshot): ReadonlyArray<string> => {
  const name = `${metric.id}${unitOf(metric) === "ms" ? "_milliseconds" : ""}`
  if (metric.type === "Counter") return [`${name}_total`]
  return metric.type === "Histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
}

describe("metrics", () => {
  test("those that are looked at here are all that the sources have", () => {
    const sources = globSync("src/**/*.ts", { cwd: root }).map(read).join("\n")
    const named = Array.from(
      sources.matchAll(/Metric\.(?:counter|gauge|timer|histogram)\(\s*"(\w+)"/g),
      ([, name]) => name
    )
    expect(named.toSorted()).toEqual(series.map(({ id }) => id).toSorted())
  })

  test("each has a row with its kind, unit and labels", () => {
    const listed = tableOf(page, "metric").map(([name, kind, unit, labels]) => ({
      name: quotedIn(name).join(),
      kind,
      unit: quotedIn(unit).join(),
      labels: [...quotedIn(labels)].toSorted()
    }))
    const known = series.map((metric) => ({
      name: metric.id,
      kind: metric.type.toLowerCase(),
      unit: unitOf(metric),
      labels: labelsOf(metric)
    }))
    const byName = (left: { readonly name: string }, right: { readonly name: string }) =>
      left.name < right.name ? -1 : 1
    expect(listed.toSorted(byName)).toEqual(known.toSorted(byName))
  })

  test("each has the name that Prometheus gives it", () => {
    const [, prometheus = ""] = page.split("\n## Dashboard and alerts\n")
    const listed = tableOf(prometheus, "metric").map(([name, given]) => [quotedIn(name).join(), quotedIn(given)])
    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(series.map((metric) => [metric.id, prometheusNames(metric)]))
    )
  })
})

/** What a query of Prometheus names: metrics, and labels that it groups by or picks. */
const namedIn = (query: string) => ({
  metrics: new Set(Array.from(query.matchAll(/\bmcp_\w+/g), ([name]) => name)),
  labels: new Set([
    ...Array.from(
      query.matchAll(/\bby \(([^)]*)\)/g),
      ([, labels = ""]) => labels.split(",").map((label) => label.trim())
    ),
    ...Array.from(query.matchAll(/[{,](\w+)(?:=|!=|=~|!~)"/g), ([, label = ""]) => [label])
  ].flat())
})

const requireKnown = (query: string): void => {
  const { labels, metrics } = namedIn(query)
  expect(metrics.size, query).toBeGreaterThan(0)
  const known = series.filter((metric) => prometheusNames(metric).some((name) => metrics.has(name)))
  const names = known.flatMap(prometheusNames)
  for (const name of metrics) expect(names, query).toContain(name)
  const ofTargets = ["job", "instance", ...(query.includes("_bucket") ? ["le"] : [])]
  for (const label of labels) expect([...ofTargets, ...known.flatMap(labelsOf)], query).toContain(label)
}

const Panel = Schema.Struct({
  id: Schema.Finite,
  type: Schema.String,
  title: Schema.String,
  description: Schema.optional(Schema.String),
  targets: Schema.optional(Schema.Array(Schema.Struct({ expr: Schema.String })))
})

describe("the dashboard", () => {
  const { panels, templating } = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({
    panels: Schema.Array(Panel),
    templating: Schema.Struct({
      list: Schema.Array(Schema.Struct({ name: Schema.String, definition: Schema.optional(Schema.String) }))
    })
  })))(read("docs/observability/grafana.json"))
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

  test("has panels that say what they show, each with an id of its own", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const shown = panels.filter(({ type }) => type !== "row")
    expect(shown.length).toBeGreaterThan(10)
    for (const { description, targets } of shown) {
      expect(description).toMatch(/\.$/)
      expect(targets?.length).toBeGreaterThan(0)
    }
  })

  test("asks for metrics and labels that there are, and by variables that it has", () => {
    queries.forEach(requireKnown)
    const variables = templating.list.map(({ name }) => `$${name}`)
    for (const variable of queries.join("\n").match(/\$(?!__)\w+/g) ?? []) expect(variables).toContain(variable)
    for (const { definition } of templating.list) {
      const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? "") ?? []
      if (definition !== undefined) requireKnown(`sum by (${label}) (${metric})`)
    }
  })

  test("shows every metric", () => {
    const shown = namedIn(queries.join("\n")).metrics
    for (const metric of series) expect(prometheusNames(metric).some((name) => shown.has(name)), metric.id).toBe(true)
  })
})

describe("the alerts", () => {
  const { groups } = Schema.decodeUnknownSync(Schema.Struct({
    groups: Schema.Array(Schema.Struct({
      name: Schema.String,
      rules: Schema.Array(Schema.Struct({
        alert: Schema.String,
        expr: Schema.String,
        for: Schema.optional(Schema.String),
        labels: Schema.Struct({ severity: Schema.Literals(["info", "warning", "critical"]) }),
        annotations: Schema.Struct({ summary: Schema.String, runbook: Schema.String })
      }))
    }))
  }))(parse(read("docs/observability/alerts.yaml")))
  const rules = groups.flatMap(({ rules }) => rules)

  test.each(rules)("$alert asks for metrics and labels that there are", ({ annotations, expr }) => {
    requireKnown(expr)
    // A label that the query has lost is empty in the text.
    const { labels } = namedIn(expr)
    for (const [, label = ""] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) expect([...labels]).toContain(label)
  })

  test("each has a row in the runbook, with the section that it names", () => {
    const listed = tableOf(read("docs/operations.md"), "alert").map(([alert, , section = ""]) => [
      quotedIn(alert).join(),
      /\]\((#[^)]+)\)/.exec(section)?.[1]
    ])
    const known = rules.map(({ alert, annotations }) => [alert, annotations.runbook.replace("operations.md", "")])
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(known))
  })
})

describe("log lines", () => {
  const levels: { readonly [method: string]: string } = {
    Error: "error",
    Warning: "warning",
    Info: "info",
    Debug: "debug",
    Trace: "trace",
    Fatal: "fatal"
  }
  /** The sources as one text, in which a message that is written in several pieces is one. */
  const sources = globSync("src/**/*.ts", { cwd: root, exclude: ["src/testing/**"] })
    .map((file) => read(file).replaceAll(/["`]\s*\+\s*["`]/g, ""))
    .join("\n")
  const calls = Array.from(
    sources.matchAll(/Effect\.log(Error|Warning|Info|Debug|Trace|Fatal)\([^"`]*["`]([^"`$]+)/g),
    ([, level = "", text = ""]) => ({ level: levels[level], text: text.trim() })
  )
  const rows = tableOf(page, "level").map(([level, text]) => ({ level, text: quotedIn(text).join() }))

  test("no line is logged in a way that is not looked at here", () => {
    expect(Array.from(sources.matchAll(/Effect\.log\w*\(/g)).length).toBe(calls.length)
  })

  test.each(calls)("$level: $text", (call) => {
    expect(rows.filter(({ level, text }) => level === call.level && text.startsWith(call.text))).not.toEqual([])
  })

  test.each(rows)("the page quotes $text as it is", ({ level, text }) => {
    const [quoted = ""] = text.split("…")
    expect(calls.filter((call) => call.level === level && quoted.trim().startsWith(call.text))).not.toEqual([])
  })
})
