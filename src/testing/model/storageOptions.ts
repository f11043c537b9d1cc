/**
 * The options of a sequence, for the storage.
 *
 * @since 0.1.0
 */
import type { TaskStorageOptions } from "../../domain/options/TaskStorageOptions.ts"
import { asText, type Sizing } from "../../domain/task/StoredTask.ts"
import type { ModelOptions } from "./ModelState.ts"

/**
 * Gives the options that a storage takes for those of a sequence.
 *
 * @since 0.1.0
 * @category converting
 */
export const storageOptions = (
  { contentBytes, ...options }: ModelOptions,
  payloadBytes: Sizing = asText
): TaskStorageOptions => ({
  ...options,
  maintenance: false,
  maxPayloadBytes: { content: contentBytes === undefined ? undefined : payloadBytes(contentBytes) }
})
