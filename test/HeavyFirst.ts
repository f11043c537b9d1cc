/** The order of the test files: those that take longest first, so that none of them is left over for one core at the end. */
import { BaseSequencer, type TestSpecification } from "vitest/node"

const isHeavy = ({ moduleId }: TestSpecification): boolean =>
  /(contract|broken|faults-\w+|processes|chaos-\w+)\.test\.ts$/.test(moduleId)

export class HeavyFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const sorted = await super.sort(files)
    return [...sorted.filter(isHeavy), ...sorted.filter((file) => !isHeavy(file))]
  }
}
