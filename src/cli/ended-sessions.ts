/** Ends sessions in the store from outside the gateway; every gateway on that store hears of it. */
import { existsSync } from 'node:fs'
import type { Identity } from '../core/contracts.ts'
import type { SessionManager } from '../core/manager.ts'
import type { Config } from '../gateway/config.ts'
import { openSessions } from '../gateway/sessions.ts'
import { storeFile } from '../gateway/store-choice.ts'

/** The name under which a users file vouches for people. */
export const usersFileName = 'users-file'

/** Whether there are sessions to speak of: not in a store that was never used, nor in another process's memory. */
export function hasStore({ store }: Config): boolean {
  const file = storeFile(store)
  return file === null ? store !== 'memory:' : existsSync(file)
}

/** Opens the store for one piece of work, and closes it. */
export async function withSessions<Value>(
  config: Config,
  work: (sessions: SessionManager) => Promise<Value>,
): Promise<Value> {
  const { store, sessions } = await openSessions(config, () => {})
  try {
    return await work(sessions)
  } finally {
    await store.close()
  }
}

/** Ends every session of a user of one app, whoever vouched for that name; of how many live ones. */
export async function revokeUser(sessions: SessionManager, app: string, userId: string): Promise<number> {
  // The users file's too when none is live: a sign-in may be under way.
  const owners = new Map<string, Pick<Identity, 'authenticator' | 'userId'>>([
    [usersFileName, { authenticator: usersFileName, userId }],
  ])
  let live = 0
  for await (const { identity, app: theirs } of sessions.listAll()) {
    if (theirs !== app || identity?.userId !== userId) continue
    owners.set(identity.authenticator, identity)
    live += 1
  }
  for (const owner of owners.values()) await sessions.revokeUser(owner)
  return live
}
