/** Opens the WebSockets of one upstream a few at a time: after a restart all browsers come back in the same moment. */
import { type Upgrade, type UpgradeOptions, upgrade } from './upgrade.ts'

// Tornado, and with it Streamlit, lets 128 connections wait to be accepted. The system drops what comes on top, and tries
// again after one, three, seven, … 63 seconds: measured, with five thousand at once.
const atOnce = 100
// An app may think about whom it lets in. Those behind need not wait for that.
const longestTurn = 1_000

/** As `upgrade`, for one upstream: at most a hundred are unanswered at once, or those behind waited a second for them. */
export function upgradeLine(): (options: UpgradeOptions) => Promise<Upgrade> {
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

  return async (options) => {
    if (underWay < atOnce) underWay += 1
    else await new Promise<void>((resolve) => line.add(resolve))
    let isTurn = true
    const end = (): void => {
      if (isTurn) leave()
      isTurn = false
    }
    const timer = setTimeout(end, longestTurn)
    try {
      return await upgrade(options)
    } finally {
      clearTimeout(timer)
      end()
    }
  }
}
