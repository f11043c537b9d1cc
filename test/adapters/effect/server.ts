/** Servers of the tests' own, on real ports. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"

/** Serves routes until the scope ends; gives the URL of `/mcp`. */
export const serve = <A, E>(routes: Layer.Layer<A, E, HttpRouter.HttpRouter>) =>
  Effect.gen(function*() {
    const built = yield* Layer.build(
      HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" }))
      )
    )
    const { address } = Context.get(built, HttpServer.HttpServer)
    return "port" in address
      ? `http://127.0.0.1:${address.port}/mcp`
      : yield* Effect.die(new Error("The server listens at no port"))
  })
