/**
 * What was opened or sealed lately.
 *
 * @since 0.2.0
 */
import type { Place } from "./Sealer.ts"
import type { SealingKey } from "./SealingKey.ts"

/** How many characters are kept, sealed and opened together: some megabytes. */
const capacity = 16_000_000

/** A larger text would push out too many others. */
const largest = 100_000

interface Recent {
  readonly key: SealingKey
  readonly sealed: string
  readonly text: string
}

/** Texts by their places. A text takes the place of the one that was there before. */
class Generation {
  size = 0
  readonly #fields = new Map<string, Map<string, Recent>>()

  get({ field, taskId }: Place): Recent | undefined {
    return this.#fields.get(field)?.get(taskId)
  }

  set({ field, taskId }: Place, recent: Recent): void {
    let texts = this.#fields.get(field)
    if (texts === undefined) this.#fields.set(field, texts = new Map())
    const before = texts.get(taskId)
    this.size += sizeOf(recent) - (before === undefined ? 0 : sizeOf(before))
    texts.set(taskId, recent)
  }
}

const sizeOf = ({ sealed, text }: Recent): number => sealed.length + text.length

/**
 * Remembers what each place had lately, since clients poll the same tasks over and over, and opening a text takes longer than
 * all the rest of a read. It gives a text only to one who has the key and reads what it was sealed as, in its place.
 *
 * Once there is too much of it the older half is forgotten at once: to take out the oldest one by one would cost each write more than
 * it gives.
 *
 * @since 0.2.0
 * @category models
 */
export class RecentTexts {
  #young = new Generation()
  #old = new Generation()

  get(key: SealingKey, sealed: string, place: Place): string | undefined {
    const recent = this.#young.get(place) ?? this.#old.get(place)
    return recent !== undefined && recent.key === key && recent.sealed === sealed ? recent.text : undefined
  }

  set(key: SealingKey, sealed: string, place: Place, text: string): void {
    if (sealed.length > largest) return
    this.#young.set(place, { key, sealed, text })
    if (this.#young.size <= capacity / 2) return
    this.#old = this.#young
    this.#young = new Generation()
  }
}
