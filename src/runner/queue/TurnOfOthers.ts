/**
 * Seats that a process does not keep to itself.
 *
 * @since 0.2.0
 */

/** Milliseconds for which a process may keep to itself the seats that it hears of. */
const keptFor = 20_000

/** Milliseconds in which other processes hear of a seat and look. A process hears and looks four times a second. */
const leftFor = 400

/**
 * Lets other processes have a seat from time to time. The process that leaves a seat knows it first. While it has tasks that wait, it
 * would take each seat again, and others with tasks that it cannot run would have none.
 *
 * @since 0.2.0
 * @category models
 */
export class TurnOfOthers {
  /** Calls back after so many milliseconds. */
  readonly #later: (millis: number, call: () => void) => void
  #phase: "unused" | "kept" | "due" | "left" = "unused"

  constructor(later: (millis: number, call: () => void) => void) {
    this.#later = later
  }

  /** Calls back when this process may take a seat that it leaves: most often at once. */
  seatFreed(take: () => void): void {
    if (this.#phase !== "due") this.seatHeard(take)
    else {
      this.#phase = "left"
      this.#later(leftFor, () => {
        this.#phase = "unused"
        take()
      })
    }
    if (this.#phase === "unused") {
      this.#phase = "kept"
      this.#later(keptFor, () => {
        this.#phase = "due"
      })
    }
  }

  /** Calls back at once for a seat that others leave, unless they have their turn. The call at its end is for all seats. */
  seatHeard(take: () => void): void {
    if (this.#phase !== "left") take()
  }
}
