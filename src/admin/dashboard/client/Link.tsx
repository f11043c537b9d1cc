import type { ComponentChildren } from "preact"
import { goTo, hrefOf } from "./address.ts"

interface LinkProps {
  readonly to: URLSearchParams
  readonly children: ComponentChildren
  readonly class?: string
  readonly current?: boolean
  readonly title?: string
}

/** A link within the page. It opens a new tab where the user asks for one. */
export const Link = ({ children, class: className, current, title, to }: LinkProps) => {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    goTo(to)
  }
  return (
    <a
      href={hrefOf(to)}
      class={className}
      title={title}
      aria-current={current === true ? "page" : undefined}
      onClick={follow}
    >
      {children}
    </a>
  )
}
