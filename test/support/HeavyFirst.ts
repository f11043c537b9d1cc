/**
 * The order of the test files: those that take longest first, so that none of them is left over for one core at the end.
 * Before these come the chaos tests, which take longest by waiting, and leave the cores to others.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node"

const patterns = [
  /\/chaos\/\w+\.test\.ts$/,
  /(\/(contract|sharedContract|broken|processes|blocks|consumers|runtimes)|\/faults\/\w+)\.test\.ts$/,
  /(\/(operations|nextSchema|sharedFaults|connections|bundles|next|earlierVersion|notify|browser)|\/runner\/(dynamodb|postgres|sqlite|memory))\.test\.ts$/
]

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = patterns.findIndex((pattern) => pattern.test(moduleId))
  return rank === -1 ? patterns.length : rank
}

export class HeavyFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return (await super.sort(files)).toSorted((left, right) => rankOf(left) - rankOf(right))
  }
}
