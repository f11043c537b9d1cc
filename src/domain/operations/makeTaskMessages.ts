/**
 * The message queues of the service over those of a driver.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { MessageDriver } from "../driver/TaskDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { orNull, parseId, parseJson, parseMillis, parseNatural } from "../options/ArgumentParsers.ts"
import { enqueueOptions } from "../options/operationOptions.ts"
import { readOptions } from "../options/optionNames.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { TaskMessages } from "../service/TaskOperations.ts"
import { withinLimits } from "../task/PayloadLimits.ts"
import { answered, decoded, operate, parsed } from "./TaskAccess.ts"

const defaultTtl = Duration.hours(24)

/**
 * Makes the message queues of the service.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskMessages = (
  backendName: string,
  driver: MessageDriver,
  options: ResolvedOptions
): TaskMessages => ({
  enqueue: (taskId, message, settings) =>
    parsed(readOptions(settings, enqueueOptions), (settings) =>
      parsed(
        allOf([
          parseId("taskId", taskId),
          parseJson("message", message),
          orNull(settings?.maxSize, (value) => parseNatural("maxSize", value)),
          parseMillis("ttl", settings?.ttl ?? defaultTtl, 1)
        ]),
        ([queue, body, maxSize, ttl]) =>
          parsed(withinLimits(options, undefined, body), () =>
            operate(backendName, "messages.enqueue", taskId, (now) =>
              answered(
                "messages.enqueue",
                driver.push({ queue, body, expiresAt: now + ttl, maxSize: maxSize ?? undefined, now }),
                (pushed) =>
                  Effect.succeed(
                    pushed._tag === "Pushed" ? { full: false } as const : { full: true, size: pushed.size } as const
                  )
              )))
      )),

  dequeue: (taskId) =>
    parsed(
      parseId("taskId", taskId),
      (queue) =>
        operate(backendName, "messages.dequeue", taskId, (now) =>
          answered("messages.dequeue", driver.shift(queue, now), (body) =>
            decoded("messages.dequeue", body, (body) =>
              body === undefined ? Option.none() : Option.some(body.decode()))))
    ),

  dequeueAll: (taskId) =>
    parsed(
      parseId("taskId", taskId),
      (queue) =>
        operate(backendName, "messages.dequeueAll", taskId, (now) =>
          answered("messages.dequeueAll", driver.drain(queue, now), (bodies) =>
            decoded("messages.dequeueAll", bodies, (bodies) =>
              bodies.map((body) =>
                body.decode()
              ), "unknown")))
    )
})
