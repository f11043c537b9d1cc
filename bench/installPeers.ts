/**
 * The systems that the runner is compared with. They have a lock file of their own, and nobody else needs them.
 */
import { execSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const folder = new URL("peers/", import.meta.url)
const installed = new URL("node_modules/.installed", folder)

/** Installs them into their folder, unless that has been done. Throws when it cannot. */
export const installPeers = (): void => {
  const lock = readFileSync(new URL("package-lock.json", folder), "utf8")
  if (existsSync(installed) && readFileSync(installed, "utf8") === lock) return
  console.log("\nThe peers are installed into bench/peers/node_modules.")
  execSync("npm ci --ignore-scripts --no-audit --no-fund", {
    cwd: fileURLToPath(folder),
    stdio: ["ignore", "ignore", "inherit"]
  })
  writeFileSync(installed, lock)
}
