/**
 * One server for each process. Next.js bundles each route for itself, and loads a route anew when its file changes, so a variable of a
 * module would be several. It loads routes when it builds them too, so nothing opens before somebody asks.
 */
import { openReports, type Reports } from "../reports.ts"

declare global {
  var reports: Promise<Reports> | undefined
}

export const reportsOfProcess = (): Promise<Reports> => globalThis.reports ??= openReports()
