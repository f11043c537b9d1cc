/**
 * The life of the server in its process.
 */
import { reportsOfProcess } from "./reportsOfProcess.ts"

// From the start, so that tasks that an earlier process left are run before the first request.
const reports = await reportsOfProcess()

// With NEXT_MANUAL_SIG_HANDLE=true Next.js leaves the signal to this. Otherwise it ends the process while tasks are being given up.
process.once("SIGTERM", () => {
  reports.close().then(() => process.exit(0), () => process.exit(1))
})
