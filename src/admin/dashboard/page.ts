/**
 * The documents that a browser is given. All that they show of tasks their script puts there, as text.
 *
 * @since 0.2.0
 */
import type { Assets } from "./Assets.ts"
import type { Refusal } from "./Refusal.ts"

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? "")

const document = (head: string, body: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tasks</title>
${head}
</head>
${body}
</html>
`

/**
 * Writes the page. It tells its script what may be done.
 *
 * @since 0.2.0
 * @category constructors
 */
export const pageDocument = (assets: Assets, backend: string, mayWrite: boolean): string =>
  document(
    `<link rel="icon" href="./-/${assets.icon.path}">
<link rel="stylesheet" href="./-/${assets.style.path}">
<script type="module" src="./-/${assets.script.path}"></script>`,
    `<body data-backend="${escape(backend)}" data-may-write="${mayWrite}">
<div id="page"><p class="boot">Loading the page of tasks. It needs JavaScript.</p></div>
</body>`
  )

/**
 * Writes what goes on to the page once the cookie is set. It is a document of this site, so that the cookie goes along, which a
 * redirect of somebody else's link would leave behind.
 *
 * @since 0.2.0
 * @category constructors
 */
export const firstVisitDocument = (next: string): string =>
  document(
    `<meta http-equiv="refresh" content="0;url=${escape(next)}">`,
    `<body><p><a href="${escape(next)}">Go on to the page of tasks</a></p></body>`
  )

/**
 * Writes a refusal for a person.
 *
 * @since 0.2.0
 * @category constructors
 */
export const refusalDocument = (assets: Assets, { message }: Refusal): string =>
  document(
    `<link rel="stylesheet" href="./-/${assets.style.path}">`,
    `<body><main class="refusal"><h1>Not for you, or not from there</h1><p>${escape(message)}</p></main></body>`
  )
