/** Random people with random tabs: each signs in, works, meets replicas at random, and leaves or is thrown out. */
import { type Answer, openSocket, outcomeOf, send, toldBy } from './browser.ts'
import { openEndings } from './endings.ts'
import type { Fleet, Replica } from './fleet.ts'
import type { Operation } from './history.ts'
import type { Known } from './known.ts'
import type { Random } from './random.ts'
import type { Begun, Ended, Recorder } from './recorder.ts'
import { openTickets } from './tickets.ts'

export interface Crowd {
  /** Works until it is told to stop; so many people, each with two tabs. */
  run(people: number, isOver: () => boolean): Promise<void>
  /** Everything that was ever let in, asked once more on every replica. */
  askAll(): Promise<void>
  /** Whether this replica answers as it does when nothing is wrong. */
  isWell(replica: Replica): Promise<boolean>
  /**
   * Those who are signed in open so many WebSockets at these replicas, all at once. Resolves, when each is open or refused,
   * to those that are open.
   */
  herd(many: number, to: readonly Replica[]): Promise<readonly { close(): void }[]>
  close(): void
}

export interface CrowdOptions {
  readonly fleet: Fleet
  readonly recorder: Recorder
  readonly random: Random
  /** About how long a tab waits between two requests, in milliseconds. */
  readonly pauseMs: number
}

const form = 'application/x-www-form-urlencoded'

export function openCrowd({ fleet, recorder, random, pauseMs }: CrowdOptions): Crowd {
  const known: Known[] = []
  const open = new Set<{ close(): void }>()
  let count = 0
  const anywhere = (): Replica => random.pick(fleet.replicas)
  const tickets = openTickets(fleet, recorder, random)
  // So many that nobody is slowed down for guessing passwords.
  const address = (): string => `198.${random.whole(250)}.${random.whole(250)}.${random.whole(250)}`

  /** Sends, and reads the cookie that comes back as a browser does. */
  async function visit(
    begun: Omit<Begun, 'replica'>,
    of: Known | null,
    act: (to: Replica) => Promise<Answer>,
    to: Replica = anywhere(),
  ): Promise<Operation> {
    const about = { session: of?.name ?? null, user: of?.user ?? null }
    return recorder.record({ ...about, ...begun, replica: to.number }, async (): Promise<Ended> => {
      const answer = await act(to)
      if (of !== null && answer.cookie) of.cookie = answer.cookie
      const told = toldBy(answer)
      const { status } = answer
      // Where anyone may go, who has no session is not refused, but has none.
      const isNobody = of?.user === null && (status === 412 || (status === 200 && told.sid === null))
      const outcome = isNobody ? 'refused' : outcomeOf(status)
      // With the app's own answer, whatever that is, a token that was replaced comes along.
      const setsCookie = answer.cookie !== null && !(answer.isOfApp && answer.cookie !== '')
      return { outcome, status, setsCookie, told }
    })
  }

  const onState = (
    of: Known,
    act: 'write' | 'count' | 'read',
    key: string,
    value = '',
  ): Promise<Operation> => {
    const { cookie } = of
    const path = `${of.user === null ? '/open' : ''}/${act}`
    const body = JSON.stringify({ key, value })
    return visit({ act, key, value: act === 'write' ? value : null }, of, (to) =>
      send(to, path, { method: 'POST', cookie, body }),
    )
  }

  async function signIn(user: string, replaces: Known | null): Promise<Known | null> {
    const fresh: Known = { name: `s${++count}`, user, cookie: '', sid: null, isEnding: false }
    const fields = { username: user, password: 'right', form_token: '', return_to: '/' }
    const ask = {
      method: 'POST',
      type: form,
      body: new URLSearchParams(fields).toString(),
      address: address(),
    }
    if (replaces !== null) replaces.isEnding = true
    const cookie = replaces?.cookie ?? null
    const to = anywhere()
    const about = { act: 'sign-in', session: fresh.name, user, replaces: replaces?.name ?? null } as const
    const done = await recorder.record({ ...about, replica: to.number }, async () => {
      const answer = await send(to, '/_holdfast/sign-in', { ...ask, cookie })
      const isIn = answer.status === 303 && !!answer.cookie
      if (isIn) fresh.cookie = answer.cookie ?? ''
      const outcome = isIn ? 'ok' : outcomeOf(answer.status)
      return { outcome, status: answer.status, setsCookie: answer.cookie !== null }
    })
    if (done.outcome !== 'ok') return null
    known.push(fresh)
    return fresh
  }

  /** A browser that nobody signed in with: the first call gives a credential, the second stores its session. */
  async function begin(): Promise<Known | null> {
    const first = await send(anywhere(), '/_holdfast/begin', { method: 'POST' }).catch(() => null)
    if (first === null || !first.cookie) return null
    const fresh: Known = { name: `s${++count}`, user: null, cookie: first.cookie, sid: null, isEnding: false }
    const begun = await beginAgain(fresh)
    if (begun.outcome !== 'ok') return null
    known.push(fresh)
    return fresh
  }

  function beginAgain(of: Known): Promise<Operation> {
    const to = anywhere()
    const about = { act: 'begin', session: of.name, replica: to.number } as const
    return recorder.record(about, async () => {
      const { cookie, status } = await send(to, '/_holdfast/begin', { method: 'POST', cookie: of.cookie })
      // Another credential in place of ours: ours carries no session any more.
      const outcome = status === 204 && cookie ? 'refused' : outcomeOf(status)
      return { outcome, status, setsCookie: cookie !== null }
    })
  }

  const use = (of: Known, to?: Replica): Promise<Operation> => {
    const path = of.user === null ? '/open/who' : '/who'
    const { cookie } = of
    return visit({ act: 'use' }, of, (where) => send(where, path, { cookie }), to).then((done) => {
      of.sid ??= done.told.sid ?? null
      return done
    })
  }

  async function rotate(of: Known): Promise<void> {
    const to = anywhere()
    const credential = of.cookie
    const about = { act: 'rotate', session: of.name, user: of.user, replica: to.number } as const
    await recorder.record(about, async () => {
      const answer = await to.door({ do: 'rotate', credential })
      if (answer === null) return { outcome: 'unknown' }
      const body = answer.body as { refused?: boolean; user: string; sid: string; credential: string | null }
      if (body.refused) return { outcome: 'refused', status: answer.status }
      const { status } = answer
      if (status !== 200) return { outcome: outcomeOf(status), status }
      if (body.credential !== null) of.cookie = body.credential
      return { outcome: 'ok', status, told: { user: body.user, sid: body.sid } }
    })
  }

  async function hold(of: Known, to: Replica = anywhere()): Promise<{ close(): void } | null> {
    let closed = (): void => {}
    const socket = await openSocket(
      to,
      of.cookie,
      () => {
        closed = recorder.socket(of.name, to.number)
      },
      () => closed(),
    )
    if (socket !== null) open.add(socket)
    return socket
  }

  async function forge(): Promise<void> {
    // Before anybody has signed in there is nothing to imitate.
    if (known.length === 0) return
    const { cookie } = random.pick(known)
    // Of the right form, with a secret that nobody was given.
    const forged = `${cookie.slice(0, -6)}${random.pick(['AAAAAA', 'kelpAA', 'zzzzzz'])}`
    const to = anywhere()
    await recorder.record({ act: 'forged', replica: to.number }, async () => {
      const { status } = await send(to, '/who', { cookie: forged })
      return { outcome: outcomeOf(status), status }
    })
  }

  const endings = openEndings({ fleet, recorder, random, known, use, beginAgain })

  const pause = (): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + random.whole(1000) / 1000)))

  /** What a tab does next: a step, with its share of a hundred. */
  function stepOf(
    of: Known,
    key: string,
  ): readonly (readonly [share: number, act: () => Promise<unknown>])[] {
    const isSignedIn = of.user !== null
    return [
      [isSignedIn ? 40 : 47, () => use(of)],
      [20, () => onState(of, 'write', key, `${of.name}/${key}`)],
      [14, () => onState(of, 'count', 'count')],
      [16, () => onState(of, 'read', 'count')],
      [isSignedIn ? 4 : 0, () => rotate(of)],
      [isSignedIn ? 3 : 0, () => hold(of)],
      [2, () => forge()],
      [1, () => (isSignedIn ? use(of) : beginAgain(of))],
    ]
  }

  async function step(of: Known, key: string): Promise<void> {
    let dice = random.whole(100)
    for (const [share, act] of stepOf(of, key)) {
      dice -= share
      if (dice >= 0) continue
      await act()
      return
    }
  }

  /** One tab of a session. */
  async function work(of: Known, tab: number, isOver: () => boolean): Promise<void> {
    const length = 6 + random.whole(40)
    for (let number = 0; number < length && !isOver(); number++) {
      await pause()
      await step(of, `t${tab}k${number}`)
      if (of.isEnding && random.chance(0.3)) return
    }
  }

  /** One sitting; resolves to the session whose browser will sign in again, if it does. */
  async function sit(number: number, before: Known | null, isOver: () => boolean): Promise<Known | null> {
    const user = `user${number % 4}-${random.whole(8)}-${Math.floor(count / 200)}`
    const session = random.chance(0.2) ? await begin() : await signIn(user, before)
    if (session === null) return null
    await Promise.all([work(session, 1, isOver), work(session, 2, isOver)])
    if (random.chance(0.15)) return session
    // Some are left alone, to be found as they were in the end.
    if (random.chance(0.75)) await endings.end(session)
    if (random.chance(0.5)) await use(random.pick(known))
    return null
  }

  async function person(number: number, isOver: () => boolean): Promise<void> {
    let before: Known | null = null
    while (!isOver()) {
      await pause()
      if (random.chance(0.5)) await tickets.redeem()
      before = await sit(number, before, isOver)
    }
  }

  return {
    async run(people, isOver) {
      await Promise.all(Array.from({ length: people }, (_none, number) => person(number, isOver)))
    },

    async askAll() {
      const queue = known.flatMap((of) => fleet.replicas.map((replica) => [of, replica] as const))
      const worker = async (): Promise<void> => {
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
          const [of, replica] = next
          const done = await use(of, replica)
          if (done.outcome === 'ok' && replica.number === 0) await onState(of, 'read', 'count')
          if (of.user === null && replica.number === 0) await beginAgain(of)
        }
      }
      await Promise.all(Array.from({ length: 6 }, worker))
    },

    async isWell(replica) {
      const fields = {
        username: `nobody${random.whole(1e9)}`,
        password: 'wrong',
        form_token: '',
        return_to: '/',
      }
      const body = new URLSearchParams(fields).toString()
      const ask = { method: 'POST', type: form, body, address: address() }
      const answer = await send(replica, '/_holdfast/sign-in', ask).catch(() => null)
      // A wrong password is counted in the store before it is refused.
      return answer?.status === 401
    },

    async herd(many, to) {
      const signedIn = known.filter(({ user, isEnding }) => user !== null && !isEnding)
      if (signedIn.length === 0) return []
      const sockets = Array.from({ length: many }, () => hold(random.pick(signedIn), random.pick(to)))
      return (await Promise.all(sockets)).filter((socket) => socket !== null)
    },

    close() {
      for (const socket of open) socket.close()
    },
  }
}
