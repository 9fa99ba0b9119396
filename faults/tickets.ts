/** Tickets for one use: each is asked for by many at once, and again later. */
import { outcomeOf } from './browser.ts'
import type { Fleet } from './fleet.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'

export interface Tickets {
  /** Shows a new one everywhere at once, or an old one once more. */
  redeem(): Promise<void>
}

const atOnce = 8

export function openTickets(fleet: Fleet, recorder: Recorder, random: Random): Tickets {
  const shown: string[] = []

  async function ask(key: string): Promise<void> {
    const to = random.pick(fleet.replicas)
    await recorder.record({ act: 'once', replica: to.number, key }, async () => {
      const answer = await to.door({ do: 'once', key })
      if (answer === null) return { outcome: 'unknown' }
      const { status } = answer
      if (status !== 200) return { outcome: outcomeOf(status), status }
      const { taken } = answer.body as { taken: boolean }
      return { outcome: taken ? 'ok' : 'refused', status }
    })
  }

  return {
    async redeem() {
      if (shown.length > 0 && random.chance(0.5)) return ask(random.pick(shown))
      const key = `ticket ${shown.length + 1}`
      shown.push(key)
      await Promise.all(Array.from({ length: atOnce }, () => ask(key)))
    },
  }
}
