/** Opens the WebSockets of one upstream a few at a time: after a restart all browsers come back in the same moment. */
import type { Duplex } from 'node:stream'
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
  /** Asked when their turn comes; `false`: it came too late for them. */
  isStillWanted?(): boolean
}

/**
 * As `upgrade`, for one upstream: at most a hundred are unanswered at once, or those behind waited a second for them. Rejects
 * with `TurnError` for whom no turn came.
 */
export function upgradeLine(longestWait: number = usualWait): (options: InLine) => Promise<Upgrade> {
  const line = new Set<() => void>()
  let underWay = 0

  const leave = (): void => {
    const [next] = line
    if (next === undefined) {
      underWay -= 1
      return
    }
    // Its place in the line becomes the place that is free.
    line.delete(next)
    next()
  }

  /** Whether their turn came. Who has left makes room: kept until then, they could fill the memory of an app that hangs. */
  const turn = (client: Duplex): Promise<boolean> =>
    new Promise((resolve) => {
      const done = (isTurn: boolean): void => {
        clearTimeout(late)
        client.off('close', give)
        line.delete(take)
        resolve(isTurn)
      }
      const take = (): void => done(true)
      const give = (): void => done(false)
      const late = setTimeout(give, longestWait)
      client.once('close', give)
      line.add(take)
    })

  return async (options) => {
    if (hasLeft(options.client)) return upgrade(options)
    const waits = underWay >= atOnce
    if (!waits) underWay += 1
    else if (!(await turn(options.client))) {
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
