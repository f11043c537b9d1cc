/**
 * Every case of the contract.
 *
 * @since 0.1.0
 */
import { activeLimitsGroup } from "./activeLimits.ts"
import { badClaimsGroup } from "./badClaims.ts"
import { badInputGroup } from "./badInput.ts"
import { badTasksGroup } from "./badTasks.ts"
import { briefWritesGroup } from "./briefWrites.ts"
import { claimTasksGroup } from "./claimTasks.ts"
import { closedOptionsGroup } from "./closedOptions.ts"
import type { ContractGroup } from "./ContractCase.ts"
import { createGroup } from "./create.ts"
import { delaysGroup } from "./delays.ts"
import { deletesGroup } from "./deletes.ts"
import { expiryGroup } from "./expiry.ts"
import { failuresGroup } from "./failures.ts"
import { fencingGroup } from "./fencing.ts"
import { filtersGroup } from "./filters.ts"
import { forgetsGroup } from "./forgets.ts"
import { freeTasksGroup } from "./freeTasks.ts"
import { importsGroup } from "./imports.ts"
import { inheritedKeysGroup } from "./inheritedKeys.ts"
import { inputRoundsGroup } from "./inputRounds.ts"
import { inspectionGroup } from "./inspection.ts"
import { kindsGroup } from "./kinds.ts"
import { leasesGroup } from "./leases.ts"
import { limitsGroup } from "./limits.ts"
import { listsGroup } from "./lists.ts"
import { messagesGroup } from "./messages.ts"
import { namesGroup } from "./names.ts"
import { newsGroup } from "./news.ts"
import { notJsonGroup } from "./notJson.ts"
import { pausesGroup } from "./pauses.ts"
import { primitivesGroup } from "./primitives.ts"
import { recoveryGroup } from "./recovery.ts"
import { rerunsGroup } from "./reruns.ts"
import { resultsGroup } from "./results.ts"
import { resultTtlGroup } from "./resultTtl.ts"
import { sessionsGroup } from "./sessions.ts"
import { settleGroup } from "./settle.ts"
import { statsGroup } from "./stats.ts"
import { stepsGroup } from "./steps.ts"
import { touchGroup } from "./touch.ts"
import { transitionsGroup } from "./transitions.ts"
import { turnsGroup } from "./turns.ts"
import { updateGroup } from "./update.ts"
import { upkeepGroup } from "./upkeep.ts"
import { verbatimGroup } from "./verbatim.ts"
import { waitingForSeatsGroup } from "./waitingForSeats.ts"
import { watchingGroup } from "./watching.ts"
import { workersGroup } from "./workers.ts"
import { workerTasksGroup } from "./workerTasks.ts"

/**
 * Lists every case of the contract by subject; {@link runCase} runs one.
 *
 * @since 0.1.0
 * @category suite
 */
export const contractSuite: ReadonlyArray<ContractGroup> = [
  createGroup,
  namesGroup,
  transitionsGroup,
  resultsGroup,
  settleGroup,
  failuresGroup,
  resultTtlGroup,
  touchGroup,
  briefWritesGroup,
  inputRoundsGroup,
  inheritedKeysGroup,
  updateGroup,
  deletesGroup,
  rerunsGroup,
  importsGroup,
  forgetsGroup,
  listsGroup,
  filtersGroup,
  statsGroup,
  sessionsGroup,
  expiryGroup,
  limitsGroup,
  activeLimitsGroup,
  waitingForSeatsGroup,
  recoveryGroup,
  leasesGroup,
  fencingGroup,
  workersGroup,
  workerTasksGroup,
  freeTasksGroup,
  turnsGroup,
  kindsGroup,
  claimTasksGroup,
  delaysGroup,
  newsGroup,
  pausesGroup,
  primitivesGroup,
  stepsGroup,
  watchingGroup,
  verbatimGroup,
  badInputGroup,
  badTasksGroup,
  badClaimsGroup,
  closedOptionsGroup,
  notJsonGroup,
  messagesGroup,
  upkeepGroup,
  inspectionGroup
]
