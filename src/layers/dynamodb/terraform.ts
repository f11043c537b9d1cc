/**
 * The table as a Terraform resource.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import type { TableOptions } from "./DynamoDbOptions.ts"
import { type IndexDefinition, type TableDefinition, tableDefinition } from "./TableDefinition.ts"

/**
 * Prints the table as a Terraform resource, for a version of the AWS provider that knows indexes with several key
 * attributes (`key_schema`). Open it once with `schema: "migrate"`, which adds the settings.
 *
 * @since 0.1.0
 * @category schema
 */
export const terraform = (options: TableOptions): Result.Result<string, InvalidInput> =>
  Result.map(tableDefinition(options), (definition) => {
    const { attributes, hash, indexes, range, tableName, throughput, ttlAttribute } = definition
    const lines = [
      "resource \"aws_dynamodb_table\" \"mcp_tasks\" {",
      `  name         = ${quoted(tableName)}`,
      `  billing_mode = ${quoted(throughput === undefined ? "PAY_PER_REQUEST" : "PROVISIONED")}`,
      `  hash_key     = ${quoted(hash)}`,
      `  range_key    = ${quoted(range)}`,
      ...capacity(throughput, "  "),
      ...attributes.flatMap((
        [name, type]
      ) => ["", "  attribute {", `    name = ${quoted(name)}`, `    type = "${type}"`, "  }"]),
      ...indexes.flatMap((index) => indexBlock(index, throughput)),
      ...(ttlAttribute === undefined
        ? []
        : ["", "  ttl {", `    attribute_name = ${quoted(ttlAttribute)}`, "    enabled        = true", "  }"]),
      "}"
    ]
    return `${lines.join("\n")}\n`
  })

const indexBlock = ({ hash, include, name, range }: IndexDefinition, throughput: TableDefinition["throughput"]) => [
  "",
  "  global_secondary_index {",
  `    name            = ${quoted(name)}`,
  `    projection_type = "${include.length === 0 ? "KEYS_ONLY" : "INCLUDE"}"`,
  ...(include.length === 0 ? [] : [`    non_key_attributes = [${include.map(quoted).join(", ")}]`]),
  ...capacity(throughput, "    "),
  ...hash.flatMap((attribute) => keyBlock(attribute, "HASH")),
  ...range.flatMap((attribute) => keyBlock(attribute, "RANGE")),
  "  }"
]

const keyBlock = (attribute: string, type: "HASH" | "RANGE") => [
  "",
  "    key_schema {",
  `      attribute_name = ${quoted(attribute)}`,
  `      key_type       = "${type}"`,
  "    }"
]

const capacity = (throughput: TableDefinition["throughput"], indent: string) =>
  throughput === undefined
    ? []
    : [`${indent}read_capacity  = ${throughput.read}`, `${indent}write_capacity = ${throughput.write}`]

/** Names are plain ASCII without quotes. */
const quoted = (text: string): string => `"${text}"`
