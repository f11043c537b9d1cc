/** Waits for a condition that something in the background brings about. */
export const until = async (condition: () => boolean | Promise<boolean>, within = 60_000): Promise<void> => {
  const deadline = performance.now() + within
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("it never came true")
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
