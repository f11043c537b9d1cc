/** What the AWS SDK throws when something goes wrong. */

const thrown = (name: string, httpStatusCode?: number) =>
  Object.assign(new Error("something went wrong"), {
    name,
    $metadata: httpStatusCode === undefined ? {} : { httpStatusCode }
  })

export const timeout = () => thrown("TimeoutError")

export const serverError = () => thrown("InternalServerError", 500)

export const throttled = () => thrown("ProvisionedThroughputExceededException", 400)

export const denied = () => thrown("AccessDeniedException", 400)

export const isWrite = (command: string): boolean =>
  ["PutItemCommand", "UpdateItemCommand", "DeleteItemCommand", "TransactWriteItemsCommand"].includes(command)
