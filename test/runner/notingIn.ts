/** Makes calls that note their names in a list. */
export const notingIn =
  (asked: Array<string>) =>
  <Args extends ReadonlyArray<unknown>, A>(name: string, call: (...args: Args) => A) =>
  (...args: Args): A => {
    asked.push(name)
    return call(...args)
  }
