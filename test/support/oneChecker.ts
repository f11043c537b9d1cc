/** What tells TypeScript 7 to check in one thread: four do a third more work, and other tests need the processors. */
export const oneChecker = ["--checkers", "1"]
