/**
 * What to do about the tables when a database is opened.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { InvalidInput } from "../domain/task/TaskError.ts"

/**
 * What a layer does about the schema when it opens a database: `migrate` brings it up to date; `verify` fails unless it is
 * there, new enough, and has the structure that this library needs, and names what is missing or different; `trust` does not
 * look.
 *
 * @since 0.1.0
 * @category options
 */
export type SchemaMode = "migrate" | "verify" | "trust"

const schemaModes: ReadonlyArray<SchemaMode> = ["migrate", "verify", "trust"]

/**
 * Parses what to do about the schema: `migrate` by default.
 *
 * @since 0.1.0
 * @category parsers
 */
export const parseSchemaMode = (mode: SchemaMode = "migrate"): Result.Result<SchemaMode, InvalidInput> =>
  schemaModes.includes(mode)
    ? Result.succeed(mode)
    : Result.fail(new InvalidInput({ field: "schema", reason: `must be one of ${schemaModes.join(", ")}` }))
