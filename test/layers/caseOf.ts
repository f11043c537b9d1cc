/** A case of the contract that a test names. */
import { type ContractCase, contractSuite } from "mcp-task-storage/testing"

/** Gives the case of a subject with this name. */
export const caseOf = (subject: string, name: string): ContractCase => {
  const found = contractSuite.find((group) => group.subject === subject)?.cases.find((contract) =>
    contract.name === name
  )
  if (found === undefined) throw new Error(`there is no case "${name}" under ${subject}`)
  return found
}
