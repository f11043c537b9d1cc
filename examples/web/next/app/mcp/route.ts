/**
 * The MCP server, at `/mcp`.
 */
import { reportsOfProcess } from "../../reportsOfProcess.ts"

// The runner and its storage need Node, not the runtime of the edge.
export const runtime = "nodejs"

const answer = async (request: Request): Promise<Response> => (await reportsOfProcess()).fetch(request)

export { answer as DELETE, answer as GET, answer as POST }
