/** The public surface of `holdfast/testing`: what proves a store, and what tests of a server need. */
export { type CookieJar, cookieJar } from './cookie-jar.ts'
export { type FakeClock, fakeClock } from './fake-clock.ts'
export type { OpenedStore, OpenStore } from './opened-store.ts'
export { describeStore } from './store-contract.ts'
export type { Expectation, TestRunner } from './test-runner.ts'
