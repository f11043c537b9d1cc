/**
 * Tells a load balancer whether this process takes requests, at `/health`.
 */
import { sharedReports } from "../../sharedReports.ts"

export const runtime = "nodejs"

// Without it Next.js would ask once, when it builds.
export const dynamic = "force-dynamic"

export const GET = async (): Promise<Response> =>
  new Response(null, { status: await (await sharedReports()).isHealthy() ? 200 : 503 })
