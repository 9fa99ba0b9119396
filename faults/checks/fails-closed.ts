/** P5: a store that cannot tell signs nobody out and lets nobody in. */
import { type History, type Operation, overlaps, type Violation } from '../history.ts'
import { isWide, livesOf } from '../life.ts'

export function checkFailsClosed(history: History): readonly Violation[] {
  const lives = livesOf(history)
  const wide = history.operations.filter(({ act }) => isWide(act))
  /** W4: only a revocation that came in between refuses who shows the right password, as all do here. */
  const isRefusedForNothing = (operation: Operation): boolean =>
    operation.act === 'sign-in' &&
    operation.outcome === 'refused' &&
    !wide.some((one) => (one.user === null || one.user === operation.user) && overlaps(one, operation))
  const isOutByNobody = ({ session, outcome, act, ended }: Operation): boolean => {
    const life = lives.get(session ?? '')
    // Refused before anybody had tried to end it. A refusal that overlaps the attempt may come after it.
    return life !== undefined && outcome === 'refused' && act !== 'sign-in' && ended < life.endangered
  }
  return history.operations.flatMap((operation): Violation[] => {
    const { act, outcome, session, user, replica } = operation
    const tell = (what: string): Violation[] => [
      { promise: 'P5', what: `replica ${replica}: ${what}`, operations: [operation] },
    ]
    if (act === 'forged') return outcome === 'ok' ? tell('somebody without a session was let in') : []
    if (outcome === 'unavailable' && operation.setsCookie) return tell('a 503 touched the cookie')
    if (isRefusedForNothing(operation)) return tell(`${user} was refused with the right password`)
    return isOutByNobody(operation) ? tell(`${session} was signed out by nobody (${act})`) : []
  })
}
