/**
 * TypeScript 5.9 as a process that compiles one project after the other: to start it and to let it become fast takes as long as most of
 * them, and they share most declarations. It reads what it is to compile from each line, as JSON, and answers with the errors, as a line
 * of JSON.
 */
import { createInterface } from "node:readline"
import ts from "../../tools/typescript-5/node_modules/typescript/lib/typescript.js"

const textOf = (error: ts.Diagnostic): string =>
  ts.formatDiagnostic(error, {
    getCanonicalFileName: (file) => file,
    getCurrentDirectory: () => process.cwd(),
    getNewLine: () => "\n"
  })

const host: ts.ParseConfigFileHost = {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (error) => {
    throw new Error(textOf(error))
  }
}

/** The declarations that were read before, by how they are read. */
const declarations = new Map<string, ts.SourceFile | undefined>()

/** Reads each declaration once for all projects that read it in the same way, as editors do. */
const hostFor = (options: ts.CompilerOptions): ts.CompilerHost => {
  const host = ts.createCompilerHost(options, true)
  return {
    ...host,
    getSourceFile: (file, how, ...more) => {
      if (!/\.d\.[cm]?ts$/.test(file)) return host.getSourceFile(file, how, ...more)
      const key = JSON.stringify([file, how, options.module])
      if (!declarations.has(key)) declarations.set(key, host.getSourceFile(file, how, ...more))
      return declarations.get(key)
    }
  }
}

/** The path of a configuration, and whether declarations of other packages are read and not checked. */
export interface Compiled {
  readonly config: string
  readonly ownOnly: boolean
}

const isOwn = ({ fileName }: ts.SourceFile): boolean => !/\/node_modules\/(?!mcp-task-storage\/)/.test(fileName)

/** As `tsc -p` does it. */
const compile = ({ config, ownOnly }: Compiled): ReadonlyArray<string> => {
  const { errors = [], fileNames = [], options = {} } = ts.getParsedCommandLineOfConfigFile(config, {}, host) ?? {}
  const program = ts.createProgram({
    rootNames: fileNames,
    options,
    host: hostFor(options),
    configFileParsingDiagnostics: errors
  })
  const found = ownOnly
    ? program.getSourceFiles().filter(isOwn).flatMap((file) => ts.getPreEmitDiagnostics(program, file))
    : ts.getPreEmitDiagnostics(program)
  return found.map(textOf)
}

for await (const line of createInterface(process.stdin)) console.log(JSON.stringify(compile(JSON.parse(line))))
