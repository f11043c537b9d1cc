/**
 * The order of the test files. Those that take long come first, so that none of them is left over for one core at the end. A file that
 * mostly waits comes behind each that computes, so that at most times one waits beside two that compute. Those that share processes come
 * last, one behind the other, for a process ends where the next file is not of its kind. Of them too the longer ones come first.
 */
import { matchesGlob, relative } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import { computingFiles, filesAlone, longerFiles, waitingFiles } from "./testFiles.ts"

const nameOf = ({ moduleId, project }: TestSpecification): string => relative(project.config.root, moduleId)

/** The files of these globs, in their order, and the others. */
const divide = (files: ReadonlyArray<TestSpecification>, globs: ReadonlyArray<string>) => {
  const rankOf = (file: TestSpecification) => globs.findIndex((glob) => matchesGlob(nameOf(file), glob))
  return {
    named: files.filter((file) => rankOf(file) !== -1).toSorted((left, right) => rankOf(left) - rankOf(right)),
    others: files.filter((file) => rankOf(file) === -1)
  }
}

export class InTurns extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const { named: waiting, others } = divide(await super.sort(files), waitingFiles)
    const { named: computing, others: shorter } = divide(others, computingFiles)
    const { named: alone, others: together } = divide(shorter, filesAlone)
    const shared = divide(together, longerFiles)
    const long = computing.flatMap((file, index) => [file, ...waiting.slice(index, index + 1)])
    return [...long, ...waiting.slice(computing.length), ...alone, ...shared.named, ...shared.others]
  }
}
