/**
 * Next.js calls this when a process starts, before its first request.
 */
export const register = async (): Promise<void> => {
  // It is bundled for the edge too, which has neither processes nor files.
  if (process.env["NEXT_RUNTIME"] === "nodejs") await import("./startReports.ts")
}
