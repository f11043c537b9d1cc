/**
 * Every driver that is wrong on purpose.
 *
 * @since 0.1.0
 */
import type { BrokenDriver } from "./BrokenDriver.ts"
import { brokenFreeTasks } from "./brokenFreeTasks.ts"
import { brokenGuards } from "./brokenGuards.ts"
import { brokenImports } from "./brokenImports.ts"
import { brokenInspections } from "./brokenInspections.ts"
import { brokenLeases } from "./brokenLeases.ts"
import { brokenMessages } from "./brokenMessages.ts"
import { brokenNews } from "./brokenNews.ts"
import { brokenPauses } from "./brokenPauses.ts"
import { brokenReads } from "./brokenReads.ts"
import { brokenReruns } from "./brokenReruns.ts"
import { brokenSeats } from "./brokenSeats.ts"
import { brokenTallies } from "./brokenTallies.ts"
import { brokenWorkers } from "./brokenWorkers.ts"
import { brokenWrites } from "./brokenWrites.ts"

/**
 * Lists the mistakes that the suite has to notice.
 *
 * @since 0.1.0
 * @category drivers
 */
export const brokenDrivers: ReadonlyArray<BrokenDriver> = [
  ...brokenGuards,
  ...brokenSeats,
  ...brokenReads,
  ...brokenTallies,
  ...brokenReruns,
  ...brokenImports,
  ...brokenWrites,
  ...brokenLeases,
  ...brokenFreeTasks,
  ...brokenWorkers,
  ...brokenNews,
  ...brokenPauses,
  ...brokenMessages,
  ...brokenInspections
]
