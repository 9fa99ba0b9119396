/** What a scope answers to reads and writes, as the state API says it. */
import type { ServerResponse } from 'node:http'
import type { StateOutcome, StateText } from '../../core/state.ts'
import { type Fault, sendFault, sendJson } from './state-answer.ts'

/** Answers what was read. The texts go out as they are: what reads and writes them again could change them. */
export function answerEntries(response: ServerResponse, found: ReadonlyMap<string, StateText>): void {
  const entries = [...found].map(
    ([key, { text, version }]) =>
      `${JSON.stringify(key)}:{"value":${JSON.stringify(text)},"version":${version}}`,
  )
  sendJson(response, `{"entries":{${entries.join(',')}}}`)
}

/** Answers what a write came to. */
export function answerWrite(response: ServerResponse, outcome: StateOutcome): void {
  if (outcome.outcome === 'written') {
    return sendJson(response, JSON.stringify({ versions: Object.fromEntries(outcome.versions) }))
  }
  if (outcome.outcome === 'gone') return sendFault(response, 410, ended)
  if (outcome.outcome === 'conflict') {
    const { keys } = outcome
    const detail = 'Another write was first. Read these keys again, and write on top of what they hold now.'
    return sendFault(response, 409, { code: 'ERR_STATE_CONFLICT', detail, keys })
  }
  const { key, bytes, limit, of } = outcome
  const name = key.length > 100 ? `${key.slice(0, 100)}…` : key
  const detail =
    of === 'value'
      ? `The value under ${JSON.stringify(name)} has ${bytes} bytes, and ${limit} is the most. Keep large things in a file ` +
        'or a database, and its name here.'
      : `With ${JSON.stringify(name)} this scope would hold ${bytes} bytes, and ${limit} is the most. Delete what is no longer needed.`
  sendFault(response, 413, { code: 'ERR_STATE_TOO_LARGE', detail, key, bytes, limit, of })
}

const ended: Fault = {
  code: 'ERR_SESSION_ENDED',
  detail: 'The session has ended, and what belonged to it is gone. Nothing was written.',
}
