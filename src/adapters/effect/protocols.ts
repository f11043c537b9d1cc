/**
 * The protocols of a server with tasks.
 *
 * @since 0.2.0
 */
import type * as McpProtocol from "effect/ai/McpProtocol"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { decodingOnce } from "./decodingOnce.ts"
import { tasks20251125 } from "./revision20251125.ts"
import { tasks20260728 } from "./revision20260728.ts"
import type { ServedTasks } from "./TaskServer.ts"

/**
 * Adds tasks to the adapters of revisions that have them, and leaves the others as they are.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withTasks = <Adapter extends McpProtocol.ProtocolAdapter, R>(
  [first, ...others]: NonEmptyReadonlyArray<Adapter>,
  served: ServedTasks<R>
): NonEmptyReadonlyArray<Adapter> => {
  const derive = (adapter: Adapter): Adapter => {
    const version: McpProtocol.ProtocolVersion = adapter.protocolVersion
    switch (version) {
      case "2026-07-28":
        return decodingOnce(tasks20260728(adapter, served))
      case "2025-11-25":
        return decodingOnce(tasks20251125(adapter, served))
      case "2025-06-18":
      case "2025-03-26":
      case "2024-11-05":
        return adapter
    }
  }
  return [derive(first), ...others.map(derive)]
}
