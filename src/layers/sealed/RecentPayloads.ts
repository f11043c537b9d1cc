/**
 * What was opened or sealed lately.
 *
 * @since 0.2.0
 */
import type { StoredJson } from "../../domain/json/StoredJson.ts"
import type { Place } from "./Sealer.ts"
import type { SealingKey } from "./SealingKey.ts"

/** How much is kept, sealed and opened together: some 16 MB where payloads are text, and some more where they are numbers. */
const capacity = 24_000_000

/** A larger payload would push out too many others. */
const largest = 100_000

interface Recent {
  readonly key: SealingKey
  readonly sealed: string
  readonly opened: StoredJson
  readonly size: number
}

/** Payloads by their places. A payload takes the place of the one that was there before. */
class Generation {
  size = 0
  readonly #fields = new Map<string, Map<string, Recent>>()

  get({ field, taskId }: Place): Recent | undefined {
    return this.#fields.get(field)?.get(taskId)
  }

  set({ field, taskId }: Place, recent: Recent): void {
    let payloads = this.#fields.get(field)
    if (payloads === undefined) this.#fields.set(field, payloads = new Map())
    this.size += recent.size - (payloads.get(taskId)?.size ?? 0)
    payloads.set(taskId, recent)
  }
}

/** A value takes more room than its text, the more so the less of it is strings. */
const sizeOf = (sealed: string, opened: StoredJson): number => sealed.length + 2 * opened.bytesAtMost

/**
 * Remembers what each place had lately, since clients poll the same tasks over and over, and opening and parsing a payload takes
 * longer than all the rest of a read. It gives a payload only to one who has the key and reads what it was sealed as, in its place.
 *
 * Once there is too much of it the older half is forgotten at once: to take out the oldest one by one would cost each write more than
 * it gives.
 *
 * @since 0.2.0
 * @category models
 */
export class RecentPayloads {
  #young = new Generation()
  #old = new Generation()

  get(key: SealingKey, sealed: string, place: Place): StoredJson | undefined {
    const recent = this.#young.get(place) ?? this.#old.get(place)
    return recent !== undefined && recent.key === key && recent.sealed === sealed ? recent.opened : undefined
  }

  set(key: SealingKey, sealed: string, place: Place, opened: StoredJson): void {
    if (sealed.length > largest) return
    this.#young.set(place, { key, sealed, opened, size: sizeOf(sealed, opened) })
    if (this.#young.size <= capacity / 2) return
    this.#old = this.#young
    this.#young = new Generation()
  }
}
