/**
 * What the benchmark uses of its peers, so that it compiles where they are not installed.
 */

declare module "@dbos-inc/dbos-sdk" {
  export const DBOS: {
    readonly setConfig: (config: {
      readonly name: string
      readonly systemDatabaseUrl: string
      readonly systemDatabasePoolSize: number
      readonly logLevel: string
    }) => void
    readonly registerWorkflow: (
      workflow: (payload: object) => Promise<void>,
      config: { readonly name: string }
    ) => (payload: object) => Promise<void>
    readonly launch: () => Promise<void>
    readonly startWorkflow: (
      workflow: (payload: object) => Promise<void>
    ) => (payload: object) => Promise<{ readonly getResult: () => Promise<void> }>
    readonly shutdown: () => Promise<void>
  }
}

declare module "pg-boss" {
  export class PgBoss {
    constructor(options: { readonly connectionString: string; readonly max: number })
    on(event: "error", listener: (error: Error) => void): this
    start(): Promise<this>
    createQueue(name: string): Promise<void>
    send(name: string, data: object): Promise<string | null>
    fetch(name: string, options: { readonly batchSize: number }): Promise<ReadonlyArray<{ readonly id: string }>>
    complete(name: string, ids: ReadonlyArray<string>): Promise<unknown>
    stop(options: { readonly graceful: boolean }): Promise<void>
  }
}

declare module "graphile-worker" {
  export class Logger {
    constructor(makeLog: () => () => void)
  }
  export const run: (options: {
    readonly preset: {
      readonly worker: {
        readonly connectionString: string
        readonly maxPoolSize: number
        readonly concurrentJobs: number
        readonly localQueue: { readonly size: number }
        readonly completeJobBatchDelay: number
        readonly failJobBatchDelay: number
        readonly logger: Logger
      }
    }
    readonly taskList: { readonly [name: string]: () => void }
    readonly noHandleSignals: boolean
  }) => Promise<{
    readonly addJob: (name: string, payload: object) => Promise<unknown>
    readonly stop: () => Promise<void>
  }>
}
