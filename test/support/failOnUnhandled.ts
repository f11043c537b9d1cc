import { afterEach, beforeEach, expect, vi } from "vitest"

/** Fails each test of a file that leaves a rejection behind which nobody handles. */
export const failOnUnhandled = (): void => {
  const unhandled = vi.fn()
  beforeEach(() => {
    unhandled.mockClear()
    process.on("unhandledRejection", unhandled)
  })
  afterEach(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    process.off("unhandledRejection", unhandled)
    expect(unhandled).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })
}
