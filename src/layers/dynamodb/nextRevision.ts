/**
 * What every update of a task sets.
 *
 * @since 0.2.0
 */
import type { Expression } from "./Expression.ts"
import { stamps } from "./TaskItem.ts"

/**
 * Gives the changes of one more revision, which is recognised by its stamp. Every value on the right side is the one before the
 * update, so that the stamps move on by one.
 *
 * @since 0.2.0
 * @category writers
 */
export const nextRevision = (expression: Expression, stamp: string): Array<string> => {
  const name = (attribute: string) => expression.name(attribute)
  return [
    `${name("revision")} = ${name("revision")} + ${expression.number(1)}`,
    `${name(stamps[0])} = ${expression.text(stamp)}`,
    ...stamps.slice(1).map((later, index) => `${name(later)} = ${name(stamps[index] ?? stamps[0])}`)
  ]
}
