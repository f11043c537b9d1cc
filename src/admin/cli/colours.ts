/**
 * Colours of a terminal. They only repeat what words say.
 *
 * @since 0.2.0
 */

/**
 * A colour, or another look.
 *
 * @since 0.2.0
 * @category models
 */
export type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

const codes: { readonly [Name in Colour]: number } = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }

/**
 * Colours a text, where colours are shown.
 *
 * @since 0.2.0
 * @category conversions
 */
export const coloured = (text: string, colour: Colour | undefined, isShown: boolean): string =>
  colour === undefined || !isShown ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`
