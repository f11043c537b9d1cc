/** How many random runs are made of a check: as many as the environment says, or what suits the engine. */
export const runsOr = (byDefault: number): number => Number(process.env["MCP_TASK_STORAGE_RUNS"] ?? byDefault)
