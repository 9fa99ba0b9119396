/** A store that was never made: nothing is in it, and it may be the wrong one that was named. */
import type { Config } from '../gateway/config.ts'
import { hasStore } from './ended-sessions.ts'
import { note } from './terminal.ts'

/** Whether there is no such store; then it is said, with what that means. Another process's memory is none that is missing. */
export function isMissing(config: Config, meaning: string): boolean {
  const { store } = config
  if (store === 'memory:' || hasStore(config)) return false
  note(`There is no store ${store} yet, so ${meaning}. Is it the right --store?`)
  return true
}
