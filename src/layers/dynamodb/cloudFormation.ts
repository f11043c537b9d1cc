/**
 * The table as a CloudFormation template.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import type { TableOptions } from "./DynamoDbOptions.ts"
import { createTableInput, tableDefinition } from "./TableDefinition.ts"

/**
 * Prints the table as a CloudFormation template in JSON. Open it once with `schema: "migrate"`, which adds the settings.
 *
 * @since 0.1.0
 * @category schema
 */
export const cloudFormation = (options: TableOptions): Result.Result<string, InvalidInput> =>
  Result.map(tableDefinition(options), (definition) => {
    const TimeToLiveSpecification = { AttributeName: definition.ttlAttribute, Enabled: true }
    const template = {
      AWSTemplateFormatVersion: "2010-09-09",
      Resources: {
        McpTaskTable: {
          Type: "AWS::DynamoDB::Table",
          DeletionPolicy: "Retain",
          UpdateReplacePolicy: "Retain",
          Properties: {
            ...createTableInput(definition),
            ...(definition.ttlAttribute === undefined ? {} : { TimeToLiveSpecification })
          }
        }
      }
    }
    return `${JSON.stringify(template, undefined, 2)}\n`
  })
