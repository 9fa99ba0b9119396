/** What is done to a fleet while people work with it. */
import type { Backend, SwitchedFault } from './backend.ts'
import type { Crowd } from './clients.ts'
import type { Fleet, Replica } from './fleet.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'

export type FaultKind =
  | 'partition one'
  | 'partition all'
  | 'vanish one'
  | 'hang one'
  | 'slow all'
  | 'slow one'
  | 'reset all'
  | 'feed cut'
  | 'feed lossy'
  | 'unplug'
  | 'kill replica'
  | 'drain replica'
  | 'block replica'
  | 'pause replica'
  | 'stampede'
  | 'freeze store'
  | 'kill store'
  | SwitchedFault
  | 'fail over'
  | 'empty store'
  | 'clock step'
  | 'store clock step'
  | 'all clocks step'

export interface Nemesis {
  /** The kinds of fault that this fleet and store can have by chance. */
  readonly kinds: readonly FaultKind[]
  strike(kind: FaultKind, ms: number): Promise<void>
}

const nobody = -1
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** How many sockets come back at once. */
const herdSize = 200

export function openNemesis(
  fleet: Fleet,
  crowd: Crowd,
  backend: Backend,
  recorder: Recorder,
  random: Random,
): Nemesis {
  const { replicas } = fleet
  const { server, failOver, empty, turnClock } = backend

  /** Each while the links are so; then as before. */
  const links = (mode: Parameters<NonNullable<Replica['link']>['set']>[0], isOne: boolean, delay = 0) => {
    return async (ms: number): Promise<Struck> => {
      const hit = isOne ? [random.pick(replicas)] : replicas
      for (const { link } of hit) link?.set(mode, delay)
      return {
        replica: isOne ? (hit[0]?.number ?? null) : null,
        async heal() {
          await wait(ms)
          for (const { link } of hit) link?.set('pass')
        },
      }
    }
  }

  const onReplica = (begin: (replica: Replica) => unknown, end: (replica: Replica) => unknown) => {
    return async (ms: number): Promise<Struck> => {
      const replica = random.pick(replicas)
      await begin(replica)
      return {
        replica: replica.number,
        async heal() {
          await wait(ms)
          await end(replica)
        },
      }
    }
  }

  const onServer = (begin: () => unknown, end: () => unknown) => {
    return async (ms: number): Promise<Struck> => {
      await begin()
      return {
        replica: null,
        async heal() {
          await wait(ms)
          await end()
        },
      }
    }
  }

  /** Whoever had a socket at the replica that is killed comes to the others, all in the same moment. */
  async function stampede(ms: number): Promise<Struck> {
    const lost = random.pick(replicas)
    const others = replicas.filter((replica) => replica !== lost)
    const sockets = await crowd.herd(herdSize, [lost])
    await lost.kill()
    const back = await crowd.herd(sockets.length, others)
    return {
      replica: lost.number,
      async heal() {
        await wait(ms)
        await lost.start()
        for (const socket of back) socket.close()
      },
    }
  }

  const clockSteps = [-300_000, -45_000, -1_000, 1_000, 45_000, 300_000]
  const step = (replica: Replica, offset: number): Promise<unknown> => replica.door({ do: 'clock', offset })

  const stepAll = (offset: number): Promise<unknown> => {
    return Promise.all([turnClock?.(offset), ...replicas.map((one) => step(one, offset))])
  }

  const all = new Map<FaultKind, (ms: number) => Promise<Struck>>([
    [
      'kill replica',
      onReplica(
        (one) => one.kill(),
        (one) => one.start(),
      ),
    ],
    [
      'drain replica',
      onReplica(
        (one) => one.drain(),
        (one) => one.start(),
      ),
    ],
    [
      'block replica',
      async (ms) => {
        const replica = random.pick(replicas)
        const blocked = replica.door({ do: 'block', ms })
        return { replica: replica.number, heal: async () => void (await blocked) }
      },
    ],
    [
      'pause replica',
      onReplica(
        (one) => one.pause(),
        (one) => one.resume(),
      ),
    ],
    ['stampede', stampede],
    [
      'clock step',
      onReplica(
        (one) => step(one, random.pick(clockSteps)),
        (one) => step(one, 0),
      ),
    ],
  ])
  if (backend.port !== null) {
    all.set('partition one', links('refuse', true))
    all.set('partition all', links('refuse', false))
    all.set('vanish one', links('vanish', true))
    all.set('hang one', links('hang', true))
    all.set('slow one', links('slow', true, 120))
    all.set('slow all', links('slow', false, 30))
    all.set('feed cut', links('no-feed', true))
    all.set('reset all', async () => {
      for (const { link } of replicas) link?.reset()
      return { replica: null, heal: async () => undefined }
    })
  }
  if (backend.name.startsWith('redis')) all.set('feed lossy', links('lossy-feed', false))
  if (server !== null) {
    all.set(
      'freeze store',
      onServer(
        () => server.freeze(),
        () => server.thaw(),
      ),
    )
    all.set(
      'kill store',
      onServer(
        () => server.kill(),
        () => server.restart(),
      ),
    )
  }
  for (const { kind, set } of backend.switched)
    all.set(
      kind,
      onServer(
        () => set(true),
        () => set(false),
      ),
    )
  if (failOver !== null)
    all.set(
      'fail over',
      onServer(
        () => undefined,
        () => failOver(400),
      ),
    )
  if (turnClock !== null) {
    all.set(
      'store clock step',
      onServer(
        () => turnClock(random.pick(clockSteps)),
        () => turnClock(0),
      ),
    )
    all.set(
      'all clocks step',
      onServer(
        () => stepAll(random.pick(clockSteps)),
        () => stepAll(0),
      ),
    )
  }
  if (empty !== null)
    all.set('empty store', async (ms) => {
      // Nobody asked for it, so nothing was acknowledged: from now on everybody may be out.
      await recorder.record({ act: 'revoke-all', replica: nobody }, async () => {
        await empty()
        return { outcome: 'unknown' }
      })
      // A lease, and what it takes to hear of it.
      return { replica: null, heal: () => wait(Math.max(ms, 2_000)) }
    })
  if (replicas.every(({ place }) => place.plug !== null))
    all.set(
      'unplug',
      onReplica(
        ({ place }) => place.plug?.(false),
        ({ place }) => place.plug?.(true),
      ),
    )

  const hiding: ReadonlySet<FaultKind> = new Set([
    ...(['kill replica', 'drain replica', 'block replica', 'pause replica', 'unplug', 'stampede'] as const),
  ])
  return {
    // Whoever was emptied has little to lose for a while: only where it is asked for.
    kinds: [...all.keys()].filter((kind) => kind !== 'empty store'),
    async strike(kind, ms) {
      const begin = all.get(kind)
      if (begin === undefined) throw new Error(`There is no fault ${kind} on ${backend.name}.`)
      const struck = { replica: null as number | null }
      const fault = {
        kind,
        hidesReplica: hiding.has(kind),
        get replica() {
          return struck.replica
        },
      }
      await recorder.fault(fault, async () => {
        const { replica, heal } = await begin(ms)
        struck.replica = replica
        await heal()
      })
    },
  }
}

interface Struck {
  /** Which replica it hit; `null`: all. */
  readonly replica: number | null
  /** Waits as long as the fault lasts, and ends it. */
  heal(): Promise<void>
}
