/**
 * The order of the test files: those that take longest first, so that none of them is left over for one core at the end. Those that share
 * processes come last, one behind the other, for a process ends where the next file is not of its kind.
 */
import { matchesGlob, relative } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import { filesAlone, heavyFiles } from "./testFiles.ts"

const ranks = [...heavyFiles, filesAlone]

const rankOf = ({ moduleId, project }: TestSpecification): number => {
  const file = relative(project.config.root, moduleId)
  const rank = ranks.findIndex((globs) => globs.some((glob) => matchesGlob(file, glob)))
  return rank === -1 ? ranks.length : rank
}

export class HeavyFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return (await super.sort(files)).toSorted((left, right) => rankOf(left) - rankOf(right))
  }
}
