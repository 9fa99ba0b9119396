/** P3: an answer carries the identity, the session and the state of who asked, and nobody else's. */
import type { History, Operation, Violation } from '../history.ts'
import { isLetIn } from '../life.ts'

/** Every value that the suite writes begins with the name of the session that it is written for. */
function ownerOf(value: string): string {
  return value.split('/', 1)[0] ?? ''
}

/** Whose values a session may hold besides its own: those of the anonymous session that it followed, in any chain. */
function predecessorsOf(operations: readonly Operation[]): ReadonlyMap<string, string> {
  const anonymous = new Set(operations.filter(({ act }) => act === 'begin').map(({ session }) => session))
  const found = new Map<string, string>()
  for (const { session, replaces } of operations) {
    if (session !== null && replaces !== null && anonymous.has(replaces)) found.set(session, replaces)
  }
  return found
}

function foreignValues({ session, told }: Operation, predecessors: ReadonlyMap<string, string>): string[] {
  return Object.entries(told.entries ?? {})
    .filter(([key]) => key !== 'count')
    .filter(([, value]) => ![session, predecessors.get(session ?? '')].includes(ownerOf(value)))
    .map(([key, value]) => `${session} was shown ${value} under ${key}`)
}

export function checkNoMixUp({ operations }: History): readonly Violation[] {
  const letIn = operations.filter((operation) => operation.session !== null && isLetIn(operation))
  const predecessors = predecessorsOf(operations)
  const foreign = letIn.flatMap((operation) => {
    const { session, user, told } = operation
    const whats = foreignValues(operation, predecessors)
    const isTaken = told.user !== undefined && told.user !== user
    if (isTaken) whats.push(`${session} of ${user} was taken for ${told.user}`)
    return whats.map((what): Violation => ({ promise: 'P3', what, operations: [operation] }))
  })
  return [...foreign, ...confusedSids(letIn)]
}

/** Sessions that share a sid, or that changed theirs. */
function confusedSids(letIn: readonly Operation[]): readonly Violation[] {
  const bySid = new Map<string, Operation>()
  const bySession = new Map<string, Operation>()
  return letIn.flatMap((operation): Violation[] => {
    const { session, told } = operation
    if (told.sid == null || session === null) return []
    const same = bySid.get(told.sid) ?? operation
    const own = bySession.get(session) ?? operation
    bySid.set(told.sid, same)
    bySession.set(session, own)
    const found: Violation[] = []
    if (same.session !== session) {
      const what = `${session} and ${same.session} are one session`
      found.push({ promise: 'P3', what, operations: [same, operation] })
    }
    if (own.told.sid !== told.sid) {
      const what = `${session} became another session`
      found.push({ promise: 'P3', what, operations: [own, operation] })
    }
    return found
  })
}
