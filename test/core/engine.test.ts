import fc, { type AsyncCommand } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Loaded } from '../../src/core/lookup.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { EngineModel, type ModelSession } from './engine-model.ts'
import { anna, ben, day, device, hour, minute, type Process, settled, startProcess } from './samples.ts'

type Real = readonly Process[]
type Command = AsyncCommand<EngineModel, Real>

const people = [anna, ben] as const

function command(name: string, run: (model: EngineModel, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name }
}

/** The replica a command goes to. */
function at(real: Real, replica: number): Process {
  const home = real[replica % real.length]
  if (home === undefined) throw new Error('There is no replica.')
  return home
}

/** One of the credentials given out so far, the newest more often. */
function pick(
  model: EngineModel,
  which: number,
  age: number,
): { session: ModelSession; index: number; text: string } | null {
  const session = model.sessions[model.sessions.length - 1 - (which % Math.max(model.sessions.length, 1))]
  if (session === undefined) return null
  const index = Math.max(session.credentials.length - 1 - age, 0)
  return { session, index, text: session.credentials[index]?.text ?? '' }
}

/** Loads a credential and holds what comes against the model. */
async function loadChecked(
  model: EngineModel,
  home: Process,
  session: ModelSession,
  index: number,
): Promise<Loaded | null> {
  const credential = session.credentials[index]?.text ?? ''
  const expected = model.load(session, index)
  const loaded = await home.sessions.load(credential)
  if (expected === 'either') model.saw(session, loaded !== null)
  else expect(loaded !== null).toBe(expected !== 'nothing')
  if (loaded === null) return null
  expect(loaded.session.identity?.userId ?? null).toBe(session.userId)
  expect(loaded.session.version > 0).toBe(expected !== 'nobody')
  const isNewest = index === session.credentials.length - 1
  const successor = isNewest || expected === 'nobody' ? null : session.credentials.at(-1)?.text
  expect(loaded.replacement).toBe(successor)
  if (expected === 'either' && isNewest) model.present(session)
  if (expected !== 'nobody') expect(home.sessions.peek(credential) !== null).toBe(isNewest)
  return loaded
}

const index = fc.nat(6)
const replica = fc.nat(1)

const signIn = fc
  .tuple(replica, fc.nat(1), fc.boolean(), fc.option(index))
  .map(([where, who, remember, over]) =>
    command(`signIn(${people[who]?.userId}, ${remember}, over ${over})`, async (model, real) => {
      const home = at(real, where)
      const identity = people[who] ?? anna
      const target = over === null ? null : pick(model, over, 0)
      const presented = target === null ? null : await loadChecked(model, home, target.session, target.index)
      const replaces = presented?.session ?? null
      const begun = await home.sessions.begin()
      const issued = await home.sessions.signIn({ identity, remember, device, begun, replaces })
      expect(issued).not.toBeNull()
      if (issued === null) return
      if (target !== null && replaces !== null) Object.assign(target.session, { ended: true, stored: true })
      model.add(identity.userId, remember ? 'remember' : 'session', issued.credential)
    }),
  )

const load = fc.tuple(replica, index, fc.nat(3)).map(([where, which, age]) =>
  command(`load(${which}, ${age} old)`, async (model, real) => {
    const target = pick(model, which, age)
    if (target !== null) await loadChecked(model, at(real, where), target.session, target.index)
  }),
)

const peek = fc.tuple(replica, index, fc.nat(3)).map(([where, which, age]) =>
  command(`peek(${which}, ${age} old)`, async (model, real) => {
    const target = pick(model, which, age)
    const found = target === null ? null : at(real, where).sessions.peek(target.text)
    if (target === null || found === null) return
    expect(target.index).toBe(target.session.credentials.length - 1)
    expect(model.worth(target.session)).not.toBe('nothing')
    expect(found.identity?.userId ?? null).toBe(target.session.userId)
    if (model.worth(target.session) === 'either') model.saw(target.session, true)
  }),
)

const touch = fc.tuple(replica, index).map(([where, which]) =>
  command(`touch(${which})`, async (model, real) => {
    const target = pick(model, which, 0)
    const home = at(real, where)
    const loaded = target === null ? null : await loadChecked(model, home, target.session, target.index)
    if (target === null || loaded === null) return
    home.sessions.touch(loaded.session)
    await settled()
    if (!target.session.ended && target.session.stored) model.touch(target.session)
  }),
)

const rotate = fc.tuple(replica, index, fc.nat(1)).map(([where, which, age]) =>
  command(`rotate(${which}, ${age} old)`, async (model, real) => {
    const target = pick(model, which, age)
    const home = at(real, where)
    const loaded = target === null ? null : await loadChecked(model, home, target.session, target.index)
    if (target === null || loaded === null) return
    const issued = await home.sessions.rotate(loaded.session, target.text)
    const { session } = target
    const isCurrent = target.index === session.credentials.length - 1
    expect(issued !== null).toBe(isCurrent && session.stored && !session.ended)
    if (issued !== null) session.credentials.push({ text: issued.credential, presentedAt: null })
  }),
)

const end = fc.tuple(replica, index).map(([where, which]) =>
  command(`end(${which})`, async (model, real) => {
    const target = pick(model, which, 0)
    const home = at(real, where)
    const loaded = target === null ? null : await loadChecked(model, home, target.session, target.index)
    if (target === null || loaded === null) return
    const isLive = target.session.stored && !target.session.ended
    expect(await home.sessions.end(loaded.session.sid)).toBe(isLive)
    if (isLive) target.session.ended = true
  }),
)

const begin = replica.map((where) =>
  command('beginAnonymous()', async (model, real) => {
    model.add(null, 'anonymous', at(real, where).sessions.beginAnonymous())
  }),
)

const start = fc.tuple(replica, index).map(([where, which]) =>
  command(`start(${which})`, async (model, real) => {
    const target = pick(model, which, 0)
    if (target === null || target.session.userId !== null) return
    const { session } = target
    const started = await at(real, where).sessions.start(target.text)
    const isRefused = session.ended || model.isOver(session)
    if (!session.stored && !isRefused) {
      session.stored = true
      // Its idle window began with its record.
      session.idleFrom = Math.min(model.now + session.idle, session.absoluteAt)
      session.idleTo = session.idleFrom
    }
    expect(started === null).toBe(isRefused)
    if (started !== null) expect(started.session.version).toBeGreaterThan(0)
    if (started !== null) model.load(session, target.index)
  }),
)

const revoke = fc.tuple(replica, fc.option(fc.nat(1), { freq: 3 })).map(([where, who]) =>
  command(`revoke(${who === null ? 'all' : people[who]?.userId})`, async (model, real) => {
    const { sessions } = at(real, where)
    const identity = who === null ? null : (people[who] ?? anna)
    if (identity === null) await sessions.revokeAll()
    else await sessions.revokeUser(identity)
    model.revoke(identity?.userId ?? null)
  }),
)

const pass = fc
  .constantFrom(1, 1_000, 29_999, 30_000, minute, hour, 5 * hour, 12 * hour, day, 7 * day)
  .map((ms) =>
    command(`pass(${ms / 1000} s)`, async (model, real) => {
      real[0]?.clock.advance(ms)
      model.now += ms
    }),
  )

const list = fc.tuple(replica, fc.nat(1)).map(([where, who]) =>
  command(`list(${people[who]?.userId})`, async (model, real) => {
    const identity = people[who] ?? anna
    const listed = await at(real, where).sessions.listUser(identity)
    expect(listed.every((session) => session.identity?.userId === identity.userId)).toBe(true)
    const [sure, maybe] = ['session', 'either'].map(
      (worth) =>
        model.sessions.filter((one) => one.userId === identity.userId && model.worth(one) === worth).length,
    )
    expect(listed.length).toBeGreaterThanOrEqual(sure ?? 0)
    expect(listed.length).toBeLessThanOrEqual((sure ?? 0) + (maybe ?? 0))
  }),
)

describe('the engine', () => {
  it('does what its model does, on two replicas, in any order and at any time', async () => {
    const commands = fc.commands(
      [signIn, signIn, load, load, peek, touch, rotate, rotate, end, begin, start, revoke, pass, pass, list],
      {
        maxCommands: 60,
        size: 'max',
      },
    )
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const setup = async () => {
          const one = await startProcess({ policy: { ...defaultPolicy, rotateAfter: minute } })
          return { model: new EngineModel(one.clock.at), real: [one, await startProcess(one)] }
        }
        await fc.asyncModelRun(setup, sequence)
      }),
      { numRuns: 150 },
    )
  }, 60_000)
})
