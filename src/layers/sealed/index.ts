/**
 * What layers load in order to seal.
 *
 * @since 0.2.0
 */
export { sealDriver } from "./sealDriver.ts"
export { makeSealing } from "./Sealing.ts"
