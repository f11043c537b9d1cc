/**
 * Tells a load balancer whether this process takes requests, at `/health`.
 */
import { reportsOfProcess } from "../../reportsOfProcess.ts"

export const runtime = "nodejs"

// Without it Next.js would ask once, when it builds.
export const dynamic = "force-dynamic"

export const GET = async (): Promise<Response> =>
  new Response(null, { status: await (await reportsOfProcess()).isHealthy() ? 200 : 503 })
