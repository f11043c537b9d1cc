/** The present time, for spans that grow while they are shown. */
import { useEffect, useState } from "preact/hooks"

export const useNow = (every = 1_000): number => {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}
