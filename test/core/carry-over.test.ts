/** People sign in and out in the same browsers, in any order: nobody ever sees what another left. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Session } from '../../src/core/session.ts'
import type { ScopedState, SessionState } from '../../src/core/state.ts'
import { anna, ben, type Process, startProcess } from './samples.ts'

const places = ['session', 'tab a', 'page a', 'tab b', 'user'] as const
type Place = (typeof places)[number]

type Step =
  | { readonly do: 'visit'; readonly browser: number }
  | { readonly do: 'sign in'; readonly browser: number; readonly as: number }
  | { readonly do: 'sign out'; readonly browser: number }
  | { readonly do: 'write'; readonly browser: number; readonly place: Place; readonly key: string }
  | { readonly do: 'delete'; readonly browser: number; readonly place: Place; readonly key: string }

const browser = fc.nat({ max: 1 })
const place = fc.constantFrom(...places)
const key = fc.constantFrom('x', 'y')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('visit' as const), browser }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('sign in' as const), browser, as: fc.nat({ max: 1 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sign out' as const), browser }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('write' as const), browser, place, key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), browser, place, key }) },
)

type Held = Record<string, Record<string, string>>

/** What a browser has, and what the model says it shows. */
interface Browser {
  session: Session | null
  /** `null` while anonymous. */
  as: number | null
  held: Held
}

function scopeOf(state: SessionState, place: Place): ScopedState | null {
  if (place === 'session') return state.session
  if (place === 'user') return state.user
  return place === 'page a' ? state.page('a') : state.tab(place)
}

function stateOf(process: Process, session: Session): SessionState {
  const state = process.sessions.state.of(process.sessions.capability(session) ?? '')
  if (state === null) throw new Error('The session opens no state.')
  return state
}

/** Both browsers, and what the model holds of the users' own state. */
interface World {
  readonly process: Process
  readonly browsers: readonly Browser[]
  readonly users: Held
  writes: number
}

/** Where the model keeps what a browser sees in a place. */
function heldIn({ users }: World, { as, held }: Browser, place: Place): { all: Held; name: string } {
  return place === 'user' ? { all: users, name: `user ${as}` } : { all: held, name: place }
}

async function change(
  world: World,
  made: Extract<Step, { do: 'write' | 'delete' }>,
  browser: Browser,
): Promise<void> {
  const scope = browser.session && scopeOf(stateOf(world.process, browser.session), made.place)
  if (scope === null) return
  const { all, name } = heldIn(world, browser, made.place)
  const held = { ...all[name] }
  all[name] = held
  if (made.do === 'delete') {
    await scope.delete(made.key)
    delete held[made.key]
    return
  }
  const value = `${browser.as ?? 'nobody'} ${world.writes++}`
  await scope.set(made.key, value)
  held[made.key] = value
}

async function visit({ process }: World, browser: Browser): Promise<void> {
  if (browser.session !== null) return
  const started = await process.sessions.start(process.sessions.beginAnonymous())
  Object.assign(browser, { session: started?.session ?? null, as: null, held: {} })
}

async function signIn({ process }: World, browser: Browser, as: number): Promise<void> {
  const { session } = await process.signIn({ identity: as === 0 ? anna : ben, replaces: browser.session })
  const held = browser.session !== null && browser.as === null ? browser.held : {}
  Object.assign(browser, { session, as, held })
}

async function signOut({ process }: World, browser: Browser): Promise<void> {
  if (browser.session !== null) await process.sessions.end(browser.session.sid)
  Object.assign(browser, { session: null, as: null, held: {} })
}

async function take(world: World, made: Step): Promise<void> {
  const browser = world.browsers[made.browser]
  if (browser === undefined) throw new Error('No such browser.')
  if (made.do === 'visit') await visit(world, browser)
  else if (made.do === 'sign in') await signIn(world, browser, made.as)
  else if (made.do === 'sign out') await signOut(world, browser)
  else await change(world, made, browser)
}

async function check(world: World, browser: Browser): Promise<void> {
  if (browser.session === null) return
  const state = stateOf(world.process, browser.session)
  for (const place of places) {
    const entries = await scopeOf(state, place)?.entries()
    if (entries === undefined) continue
    const { all, name } = heldIn(world, browser, place)
    expect(Object.fromEntries([...entries].map(([key, { value }]) => [key, value]))).toEqual(all[name] ?? {})
  }
}

describe('whoever uses a browser', () => {
  it('sees what they did in it themselves, signed in or before, and nothing of anybody else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const browsers = [0, 1].map((): Browser => ({ session: null, as: null, held: {} }))
        const world: World = { process: await startProcess(), browsers, users: {}, writes: 0 }
        for (const made of steps) {
          await take(world, made)
          for (const browser of browsers) await check(world, browser)
        }
      }),
      { numRuns: 150 },
    )
  }, 60_000)
})
