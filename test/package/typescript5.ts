/**
 * TypeScript 5.9 as a process that compiles one project after the other: to start it and to let it become fast takes as long as most of
 * them, and they share most declarations. It reads the path of a configuration from each line, and answers with the errors, as a line of
 * JSON.
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

/** As `tsc -p` does it. */
const compile = (config: string): ReadonlyArray<string> => {
  const { errors = [], fileNames = [], options = {} } = ts.getParsedCommandLineOfConfigFile(config, {}, host) ?? {}
  const program = ts.createProgram({
    rootNames: fileNames,
    options,
    host: hostFor(options),
    configFileParsingDiagnostics: errors
  })
  return ts.getPreEmitDiagnostics(program).map(textOf)
}

for await (const config of createInterface(process.stdin)) console.log(JSON.stringify(compile(config)))
