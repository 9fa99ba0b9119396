/** Opens the WebSockets of one upstream a few at a time: after a restart all browsers come back in the same moment. */
import { UpstreamError } from '../../core/errors.ts'
import { hasLeft, type Upgrade, type UpgradeOptions, upgrade } from './upgrade.ts'

// Tornado, and with it Streamlit, lets 128 connections wait to be accepted. The system drops what comes on top, and tries
// again after one, three, seven, … 63 seconds: measured, with five thousand at once.
const atOnce = 100
// An app may think about whom it lets in. Those behind need not wait for that.
const longestTurn = 1_000

// Nobody waits in a line for longer, whatever an app does with those before.
const usualWait = 60_000

/** What came of standing in the line: nothing was asked of the app. */
export class TurnError extends UpstreamError {}

export interface InLine extends UpgradeOptions {
  /** Whose socket it is. Those who wait take turns, so that whoever opens a thousand makes nobody else wait for a thousand. */
  readonly who: string
  /** Asked when their turn comes; `false`: it came too late for them. */
  isStillWanted?(): boolean
}

/**
 * As `upgrade`, for one upstream: at most a hundred are unanswered at once, or those behind waited a second for them. Rejects
 * with `TurnError` for whom no turn came.
 */
export function upgradeLine(longestWait: number = usualWait): (options: InLine) => Promise<Upgrade> {
  // Whoever's turn comes next is first; what each waits for, in the order in which it came.
  const line = new Map<string, Set<() => void>>()
  let underWay = 0

  const leave = (): void => {
    const [first] = line
    if (first === undefined) {
      underWay -= 1
      return
    }
    const [who, waiting] = first
    line.delete(who)
    line.set(who, waiting)
    // It takes the place that is free, and none in the line any more.
    const [next] = waiting
    next?.()
  }

  /** Whether their turn came. Who has left makes room: kept until then, they could fill the memory of an app that hangs. */
  const turn = ({ client, who }: InLine): Promise<boolean> =>
    new Promise((resolve) => {
      const waiting = line.get(who) ?? new Set()
      line.set(who, waiting)
      const done = (isTurn: boolean): void => {
        clearTimeout(late)
        client.off('close', give)
        waiting.delete(take)
        if (waiting.size === 0) line.delete(who)
        resolve(isTurn)
      }
      const take = (): void => done(true)
      const give = (): void => done(false)
      const late = setTimeout(give, longestWait)
      client.once('close', give)
      waiting.add(take)
    })

  return async (options) => {
    if (hasLeft(options.client)) return upgrade(options)
    const waits = underWay >= atOnce
    if (!waits) underWay += 1
    else if (!(await turn(options))) {
      if (hasLeft(options.client)) return upgrade(options)
      throw new TurnError('ERR_UPSTREAM_TIMEOUT', 'The app does not answer those who came before.')
    }
    let isTurn = true
    const end = (): void => {
      if (isTurn) leave()
      isTurn = false
    }
    const timer = setTimeout(end, longestTurn)
    try {
      if (waits && options.isStillWanted?.() === false)
        throw new TurnError('ERR_UPSTREAM_UNREACHABLE', 'The app cannot be reached any more.')
      return await upgrade(options)
    } finally {
      clearTimeout(timer)
      end()
    }
  }
}
