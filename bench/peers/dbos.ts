/**
 * DBOS: workflows without steps.
 */
import { DBOS } from "@dbos-inc/dbos-sdk"
import { awaiting, type AwaitingSystem } from "./System.ts"

/** Launches it on an empty database. */
export const openDbos = async (url: string, maxConnections: number, payload: object): Promise<AwaitingSystem> => {
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: url,
    systemDatabasePoolSize: maxConnections,
    logLevel: "error"
  })
  const workflow = DBOS.registerWorkflow(async (_payload: object) => {}, { name: "nothing" })
  await DBOS.launch()
  const start = async () => {
    const handle = await DBOS.startWorkflow(workflow)(payload)
    return () => handle.getResult()
  }
  return awaiting("DBOS", start, () => DBOS.shutdown())
}
