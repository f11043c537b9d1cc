/**
 * What is used of `@aws-sdk/client-dynamodb`.
 *
 * Nothing else in this folder imports it at run time. So a program that names its storage by a URL can be bundled where
 * that package is not installed, and where it is installed it is loaded only when it is needed.
 *
 * @since 0.2.0
 */
import type * as Sdk from "@aws-sdk/client-dynamodb"

/**
 * The client of the AWS SDK and the commands that it is sent, however they were loaded.
 *
 * @since 0.2.0
 * @category models
 */
export type AwsSdk = Pick<
  typeof Sdk,
  | "BatchGetItemCommand"
  | "CreateTableCommand"
  | "DeleteItemCommand"
  | "DescribeTableCommand"
  | "DescribeTimeToLiveCommand"
  | "DynamoDBClient"
  | "GetItemCommand"
  | "PutItemCommand"
  | "QueryCommand"
  | "ScanCommand"
  | "TransactWriteItemsCommand"
  | "UpdateItemCommand"
  | "UpdateTableCommand"
  | "UpdateTimeToLiveCommand"
>
