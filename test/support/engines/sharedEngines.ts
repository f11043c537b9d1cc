/**
 * The engines that test files share. Each is started when the first file asks for it, so that a file that needs none
 * starts none, and is stopped after the last: to start one takes seconds, and one that has run for a while is faster.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** Where to ask for an engine. */
    readonly engines: string
  }
}

const serial = "-XX:+UseSerialGC"

/**
 * The compiler that is meant for hours gains more than it costs within minutes, if it is kept to what is called most. So the engine
 * that all share compiles a method at ten times as many calls as it would by default.
 */
const rarely = [
  "-XX:Tier4InvocationThreshold=50000",
  "-XX:Tier4MinInvocationThreshold=20000",
  "-XX:Tier4CompileThreshold=100000",
  "-XX:Tier4BackEdgeThreshold=400000"
]

const ofShared = process.env["JDK_JAVA_OPTIONS"] ?? [serial, ...rarely].join(" ")

/** In those that tests start themselves, and stop again, it costs more than it gains. */
process.env["JDK_JAVA_OPTIONS"] ??= `${serial} -XX:TieredStopAtLevel=1`

/** What DynamoDB Local tells its makers takes it as long as to start. */
process.env["DDB_LOCAL_TELEMETRY"] ??= "0"

/** TypeScript 7 is written in Go, and spends a quarter of its time on garbage, however much memory there is. */
process.env["GOGC"] ??= "off"
process.env["GOMEMLIMIT"] ??= "2GiB"

/** Gives how the engines are stopped. */
export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const program = fileURLToPath(new URL("engineServer.ts", import.meta.url))
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, JDK_JAVA_OPTIONS: ofShared },
    stdio: ["pipe", "pipe", "inherit"]
  })
  for await (const line of createInterface(child.stdout)) {
    provide("engines", line)
    break
  }
  return async () => {
    const exited = once(child, "exit")
    child.stdin.end()
    await exited
  }
}
