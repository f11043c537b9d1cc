/**
 * The page that shows tasks in a browser, as a handler of requests for any server.
 *
 * @since 0.2.0
 * @module
 */
export type { Authorized, DashboardOptions } from "../admin/dashboard/DashboardOptions.ts"
export { layerDashboard } from "../admin/dashboard/layerDashboard.ts"
export type { DashboardHandler } from "../admin/dashboard/makeDashboard.ts"
export { toNodeHandler } from "../admin/dashboard/toNodeHandler.ts"
export { makeDashboard } from "./makeDashboard.ts"
