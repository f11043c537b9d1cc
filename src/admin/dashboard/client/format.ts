/** Times, spans and numbers as people read them, in their own language. */

/** A browser without a language of its own, as under `LANG=C`, names one that it does not know itself. */
const knownLanguage = (): string => {
  try {
    return Intl.getCanonicalLocales(navigator.languages)[0] ?? "en"
  } catch {
    return "en"
  }
}

const language = knownLanguage()

const numbers = new Intl.NumberFormat(language)

export const formatCount = (count: number): string => numbers.format(count)

/** How many of a thing there are. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${formatCount(number)} ${number === 1 ? one : many}`

const units = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"]
] as const

/** A span of time in its two largest units, such as `2 h 5 min`. */
export const formatSpan = (millis: number): string => {
  if (millis < 1_000) return `${Math.max(0, Math.round(millis))} ms`
  if (millis < 10_000) return `${(millis / 1_000).toFixed(1)} s`
  let rest = Math.round(millis / 1_000) * 1_000
  const parts: Array<string> = []
  for (const [length, name] of units) {
    const whole = Math.floor(rest / length)
    rest -= whole * length
    if (whole > 0) parts.push(`${whole} ${name}`)
    else if (parts.length > 0) break
  }
  return parts.slice(0, 2).join(" ")
}

const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" })

export const formatTime = (iso: string): string => clock.format(new Date(iso))

const shortClock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" })

const shortDate = new Intl.DateTimeFormat(language, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit"
})

/** The time of day. */
export const formatClock = (millis: number): string => shortClock.format(millis)

/** A time as short as it is clear. */
export const formatShort = (iso: string, now: number): string => {
  const time = new Date(iso)
  return Math.abs(now - time.getTime()) < 43_200_000 ? shortClock.format(time) : shortDate.format(time)
}

export const millisOf = (iso: string): number => new Date(iso).getTime()

/** The end of an id, which tells tasks apart: those of version 7 begin with the time. */
export const shortId = (id: string): string => id.length > 12 ? `…${id.slice(-8)}` : id

export const formatSize = (characters: number): string =>
  characters < 1024
    ? `${formatCount(characters)} B`
    : characters < 1024 * 1024
    ? `${formatCount(Math.round(characters / 102.4) / 10)} KiB`
    : `${formatCount(Math.round(characters / 104857.6) / 10)} MiB`
