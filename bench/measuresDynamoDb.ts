/**
 * Whether DynamoDB is measured.
 */
import { hasJava } from "../test/layers/dynamodb/startDynamoDb.ts"

/** Tells whether DynamoDB Local can be started here, and says so if it cannot. */
export const measuresDynamoDb = (): boolean => {
  if (hasJava()) return true
  console.warn("\nNOT MEASURED: DynamoDB, because DynamoDB Local needs Java 17, and there is no java")
  return false
}
