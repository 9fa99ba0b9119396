/** How sessions are ended: by their person, one by one, by user, or with everybody; while another tab asks on. */
import { outcomeOf, send } from './browser.ts'
import type { Fleet, Replica } from './fleet.ts'
import type { Outcome } from './history.ts'
import type { Known } from './known.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'

export interface Endings {
  /** Ends it in one way or another, and asks for it while that is under way and afterwards. */
  end(of: Known): Promise<void>
}

export interface EndingsOptions {
  readonly fleet: Fleet
  readonly recorder: Recorder
  readonly random: Random
  /** Everybody who may be ended along with it. */
  readonly known: readonly Known[]
  use(of: Known): Promise<unknown>
  /** What an anonymous browser does when it comes again. */
  beginAgain(of: Known): Promise<unknown>
}

/** A page that asks again is no acknowledgement. */
function signOutOutcome(status: number): Outcome {
  if (status === 303) return 'ok'
  return status === 200 ? 'unknown' : outcomeOf(status)
}

export function openEndings({ fleet, recorder, random, known, use, beginAgain }: EndingsOptions): Endings {
  const anywhere = (): Replica => random.pick(fleet.replicas)
  const blink = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

  async function signOut(of: Known): Promise<void> {
    of.isEnding = true
    const { cookie } = of
    const about = { act: 'sign-out', session: of.name, user: of.user } as const
    const to = anywhere()
    await recorder.record({ ...about, replica: to.number }, async () => {
      const answer = await send(to, '/_holdfast/sign-out', { method: 'POST', cookie })
      const outcome = signOutOutcome(answer.status)
      return { outcome, status: answer.status, setsCookie: answer.cookie !== null }
    })
  }

  async function byDoor(of: Known, act: 'revoke' | 'revoke-user'): Promise<void> {
    const { sid, user } = of
    if (user === null || sid === null) return
    for (const one of known)
      if (one === of || (act === 'revoke-user' && one.user === user)) one.isEnding = true
    const to = anywhere()
    const session = act === 'revoke' ? of.name : null
    await recorder.record({ act, replica: to.number, session, user }, async () => {
      const answer = await to.door(act === 'revoke' ? { do: act, sid } : { do: act, user })
      if (answer === null) return { outcome: 'unknown' }
      return { outcome: outcomeOf(answer.status), status: answer.status }
    })
  }

  async function revokeAll(): Promise<void> {
    for (const one of known) one.isEnding = true
    const to = anywhere()
    await recorder.record({ act: 'revoke-all', replica: to.number }, async () => {
      const answer = await to.door({ do: 'revoke-all' })
      if (answer === null) return { outcome: 'unknown' }
      return { outcome: outcomeOf(answer.status), status: answer.status }
    })
  }

  async function endSomehow(of: Known): Promise<void> {
    const dice = random.whole(10)
    if (dice < 5) await signOut(of)
    else if (dice < 6) await byDoor(of, 'revoke')
    else if (dice < 9 || random.chance(0.6)) await byDoor(of, 'revoke-user')
    else await revokeAll()
  }

  async function end(of: Known): Promise<void> {
    let isAnswered = false
    const ending = endSomehow(of).finally(() => {
      isAnswered = true
    })
    // Another tab asks on, while one replica knows of the end and the next does not yet.
    while (!isAnswered) await Promise.all([use(of), blink()])
    await ending
    for (let again = 0; again < 4; again++) {
      await use(of)
      if (of.user === null) await beginAgain(of)
    }
  }

  return { end }
}
