/**
 * Measures this library side by side with what it can be compared with. It prints facts and judges nothing: a busy
 * machine changes every number, and ratios less than times.
 *
 * `npm run bench` takes some minutes, `npm run bench -- --quick` some seconds.
 */
import { benchGrowth } from "./growth.ts"
import { benchMemory } from "./memory.ts"
import { benchSqlite } from "./sqlite.ts"

await benchMemory()
await benchSqlite()
await benchGrowth()
