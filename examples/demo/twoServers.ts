/**
 * Two Effect servers on one storage, one of which is killed, and a client that gets every result all the same.
 */
import { resultFromTaskOutcome, type TaskOutcome } from "@modelcontextprotocol/ext-tasks/client"
import * as z from "zod"
import { EffectServer } from "./EffectServer.ts"
import type { Story } from "./Story.ts"
import { TasksClient } from "./TasksClient.ts"

export const tellOfTwoServers = async (story: Story, tasksUrl: string): Promise<void> => {
  const [first, second] = await Promise.all([EffectServer.start(tasksUrl), EffectServer.start(tasksUrl)])
  let agree: (answer: boolean) => void = () => {}
  const person = new Promise<boolean>((resolve) => {
    agree = resolve
  })
  const client = await TasksClient.connect(first.url, () => person)
  try {
    story.step(
      `Effect servers ${first.pid} and ${second.pid} share the storage; the client calls five tools of the first`
    )
    const quick = await client.call("report", { title: "Weather", seconds: 0.3 })
    const long = await client.call("report", { title: "Economy", seconds: 3 })
    const unwanted = await client.call("report", { title: "Stocks", seconds: 120 })
    const upload = await client.call("upload", { title: "Archive", seconds: 120 })
    const publish = await client.call("publish", { title: "News" })
    const executions = [quick, long, unwanted, upload, publish]
    story.check("each is a task", executions.map(({ kind }) => kind), executions.map(() => "task"))
    const ends = {
      quick: quick.settle(),
      long: long.settle(),
      unwanted: unwanted.settle(),
      upload: upload.settle(),
      publish: publish.settle()
    }
    story.detail(textOf((await ends.quick).outcome))

    story.step(
      `Server ${first.pid} is killed with SIGKILL in the middle of the others; a load balancer sends to ${second.pid}`
    )
    await first.kill()
    client.url = second.url

    story.step("The client cancels one, and the person who was asked by the dead server agrees")
    await unwanted.cancel()
    agree(true)
    story.check("the cancelled one is cancelled", (await ends.unwanted).outcome.status, "cancelled")
    const published = await ends.publish
    story.check("the answer went on where it arrived", published.outcome.status, "completed")
    story.detail(textOf(published.outcome))

    story.step(`Server ${second.pid} takes over what the first one left`)
    const rerun = await ends.long
    story.check("the report that may run twice was run again", rerun.outcome.status, "completed")
    story.detail(textOf(rerun.outcome))
    const lost = await ends.upload
    story.check("the upload that may not has failed", lost.outcome.status, "failed")
    story.check("and says why", lost.lastTask?.statusMessage?.startsWith("Interrupted"), true)
    story.detail(`${lost.lastTask?.statusMessage}`)
  } finally {
    await client.close()
    await second.kill()
  }
}

const Result = z.object({ structuredContent: z.object({ text: z.string() }) })

const textOf = (outcome: TaskOutcome<unknown>): string =>
  Result.parse(resultFromTaskOutcome(outcome)).structuredContent.text
