/**
 * What was opened or sealed lately.
 *
 * @since 0.2.0
 */
import type { Place } from "./Sealer.ts"
import type { SealingKey } from "./SealingKey.ts"

/** How many characters are kept, sealed and opened together: some megabytes. */
const capacity = 8_000_000

/** A larger text would push out too many others. */
const largest = 100_000

/** The end of a sealed text is its tag, which no two have in common. It is found faster by that than by all of it. */
const tailOf = (sealed: string): string => sealed.slice(-tailLength)

const tailLength = 24

interface Recent extends Place {
  readonly key: SealingKey
  readonly sealed: string
  readonly text: string
}

/**
 * Remembers texts by what they were sealed as, since clients poll the same tasks over and over, and opening a text takes longer than
 * all the rest of a read. It gives a text only to one who has the key and reads it in its place.
 *
 * @since 0.2.0
 * @category models
 */
export class RecentTexts {
  readonly #texts = new Map<string, Recent>()
  #size = 0

  get(key: SealingKey, sealed: string, { field, taskId }: Place): string | undefined {
    const recent = this.#texts.get(tailOf(sealed))
    return recent !== undefined && recent.key === key && recent.taskId === taskId && recent.field === field &&
        recent.sealed === sealed
      ? recent.text
      : undefined
  }

  set(key: SealingKey, sealed: string, { field, taskId }: Place, text: string): void {
    if (sealed.length > largest) return
    const tail = tailOf(sealed)
    this.#forget(tail)
    this.#size += sealed.length + text.length
    this.#texts.set(tail, { key, taskId, field, sealed, text })
    for (const oldest of this.#texts.keys()) {
      if (this.#size <= capacity) return
      this.#forget(oldest)
    }
  }

  #forget(tail: string): void {
    const recent = this.#texts.get(tail)
    if (recent === undefined) return
    this.#texts.delete(tail)
    this.#size -= recent.sealed.length + recent.text.length
  }
}
