/** A scene, played on a store of its own, every file of which is read afterwards. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { SessionStore } from '../../../src/core/contracts.ts'
import { sqliteStore } from '../../../src/stores/sqlite.ts'
import { watchedStore } from '../watched-store.ts'
import { Canaries } from './canaries.ts'
import { person, type Scene } from './scene.ts'

/** Opens a store that keeps its files below this folder. */
export type OpenIn = (folder: string) => Promise<SessionStore>

/** What happens in the main scene: what did not happen could not leak. */
export const mainEvents: readonly string[] = [
  ...['sign_in_failed', 'sign_in_succeeded', 'factor_enrolled', 'recovery_codes_made', 'recovery_code_used'],
  ...['factor_failed', 'step_up_succeeded', 'password_reset', 'user_registered', 'details_changed'],
  ...['session_signed_out', 'session_revoked', 'session_created', 'audit', 'sign_in_unavailable'],
  ...['audit password', 'audit sessions-end', 'audit factors-reset', 'audit disable', 'audit register'],
]

/** Where is looked in the main scene. */
export const mainPlaces: readonly string[] = [
  ...['log', 'audit', 'mail', 'the app', 'the store', 'socket', 'answer to the app'],
]

const sqlite: OpenIn = (folder) => sqliteStore({ path: join(folder, 'store.db') })

export async function played(
  play: (scene: Scene) => Promise<void>,
  what: readonly string[],
  open: OpenIn = sqlite,
): Promise<Canaries> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-canaries-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const store = await open(folder)
  onTestFinished(() => store.close())
  const canaries = new Canaries()
  const happened = new Set<string>()
  await play({ canaries, store: watchedStore(undefined, store), happened })
  expect([...happened]).toEqual(expect.arrayContaining([...what]))
  canaries.seeFiles('the store', folder)
  // Names and addresses are no secrets, but nobody reads them in a stolen store (P10).
  for (const [which, text] of Object.entries(person))
    canaries.hide(`the ${which} of a person`, text, /^(?!the store$)/)
  return canaries
}
