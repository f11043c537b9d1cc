/**
 * Who declares the Tasks extension of protocol revision 2026-07-28.
 *
 * @since 0.2.0
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  type ServerContext
} from "@modelcontextprotocol/server"
import { isObject } from "../../promise/arguments.ts"

/**
 * The name of the extension.
 *
 * @since 0.2.0
 * @category constants
 */
export const tasksExtensionId = "io.modelcontextprotocol/tasks"

/**
 * Tells whether a request is of a revision that has the extension. Requests of 2025-11-25 carry no envelope.
 *
 * @since 0.2.0
 * @category guards
 */
export const isOfModernRevision = (ctx: ServerContext): boolean =>
  property(ctx.mcpReq.envelope, PROTOCOL_VERSION_META_KEY) !== undefined

/**
 * Tells whether the client declares the extension on this very request, as it must on each.
 *
 * @since 0.2.0
 * @category guards
 */
export const declaresTasks = (ctx: ServerContext): boolean => envelopeDeclaresTasks(ctx.mcpReq.envelope)

/**
 * The same of the envelope of a request, which is the `_meta` of its params.
 *
 * @since 0.2.0
 * @category guards
 */
export const envelopeDeclaresTasks = (envelope: unknown): boolean =>
  isObject(property(property(property(envelope, CLIENT_CAPABILITIES_META_KEY), "extensions"), tasksExtensionId))

const property = (value: unknown, key: string): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
