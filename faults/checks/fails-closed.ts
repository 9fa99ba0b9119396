/** P5: a store that cannot tell signs nobody out and lets nobody in. */
import type { History, Violation } from '../history.ts'
import { livesOf } from '../life.ts'

export function checkFailsClosed(history: History): readonly Violation[] {
  const lives = livesOf(history)
  return history.operations.flatMap((operation): Violation[] => {
    const { act, outcome, session, replica } = operation
    const tell = (what: string): Violation[] => [
      { promise: 'P5', what: `replica ${replica}: ${what}`, operations: [operation] },
    ]
    if (act === 'forged') return outcome === 'ok' ? tell('somebody without a session was let in') : []
    if (outcome === 'unavailable' && operation.setsCookie) return tell('a 503 touched the cookie')
    const life = lives.get(session ?? '')
    if (life === undefined || outcome !== 'refused' || act === 'sign-in') return []
    // Refused before anybody had tried to end it. A refusal that overlaps the attempt may come after it.
    if (operation.ended >= life.endangered) return []
    return tell(`${session} was signed out by nobody (${act})`)
  })
}
