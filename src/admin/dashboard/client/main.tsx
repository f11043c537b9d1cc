/** Starts the page. */
import { render } from "preact"
import { App } from "./App.tsx"

const place = document.getElementById("page")
const { backend = "", mayWrite } = document.body.dataset
if (place !== null) {
  place.replaceChildren()
  render(<App backend={backend} mayWrite={mayWrite === "true"} />, place)
}
