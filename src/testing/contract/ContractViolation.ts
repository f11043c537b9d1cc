/**
 * The failure of a storage to hold the contract.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A storage does not hold the contract: which case found it, and what the storage did instead.
 *
 * @since 0.1.0
 * @category errors
 */
export class ContractViolation
  extends Schema.TaggedError<ContractViolation>("mcp-task-storage/testing/ContractViolation")("ContractViolation", {
    case: Schema.String,
    difference: Schema.String
  })
{
  override get message(): string {
    return `${this.case}: ${this.difference}`
  }
}
