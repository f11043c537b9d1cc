import type { NextConfig } from "next"

const config: NextConfig = {
  // Node loads these from node_modules as they are. A bundle would have copies of them, beside those that mcp-task-storage imports.
  serverExternalPackages: ["mcp-task-storage", "@modelcontextprotocol/sdk", "@modelcontextprotocol/server"]
}

export default config
