import { ErrorReply } from 'redis'
import { StoreError, type StoreErrorCode } from '../core/errors.ts'

/** A call that did not reach Redis: it was certainly not executed. */
export class NotSentError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** A call that was not answered in time: whether it was executed is unknown. */
export class NoAnswerError extends Error {
  constructor(message: string) {
    super(message)
    this.name = new.target.name
  }
}

// Redis 6 wraps what a command within a script answered, so the word is looked for, not the beginning.
const refusals = /\b(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|NOSCRIPT)\b/
const misplaced = /\b(?:READONLY|MOVED|ASK|CLUSTERDOWN|MASTERDOWN|non local key)\b/

/** Whether Redis certainly changed nothing, so that the same call may be made again. */
export function isUnexecuted(error: unknown): boolean {
  return error instanceof NotSentError || (error instanceof ErrorReply && refusals.test(error.message))
}

/** Whether the answer says that this server is not the one to ask. */
export function isMisplaced(error: unknown): boolean {
  return error instanceof ErrorReply && misplaced.test(error.message)
}

/** Whether the script has to be sent as text. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof ErrorReply && error.message.startsWith('NOSCRIPT')
}

/** Whether Redis says that the user may not do this, or may not even come in. */
export function isForbidden(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (!(error instanceof ErrorReply)) return isForbidden(error.cause)
  return /\b(?:NOPERM|NOAUTH|WRONGPASS)\b|No permissions/.test(error.message)
}

const advice: readonly (readonly [RegExp, StoreErrorCode, string])[] = [
  [
    /\bOOM\b/,
    'ERR_STORE_FULL',
    'Its memory is full. Raise maxmemory; nothing was lost and no restart is needed.',
  ],
  [
    /\bMISCONF\b/,
    'ERR_STORE_FULL',
    'It cannot write to its disk. Free some space there; no restart is needed.',
  ],
  [/\bNOREPLICAS\b/, 'ERR_STORE_UNAVAILABLE', 'It wants more replicas than are connected. Bring them back.'],
  [/\b(?:NOAUTH|WRONGPASS)\b/, 'ERR_STORE_UNAVAILABLE', 'Check user and password.'],
  [
    /\bNOPERM\b|No permissions/,
    'ERR_STORE_UNAVAILABLE',
    'Its ACL refuses this; holdfast check says what is needed.',
  ],
  [/\bLOADING\b/, 'ERR_STORE_UNAVAILABLE', 'It is starting; try again.'],
  [/\bREADONLY\b/, 'ERR_STORE_UNAVAILABLE', 'It is a replica; a fail-over may be under way.'],
  [
    /\bASK\b|non local key/,
    'ERR_STORE_UNAVAILABLE',
    'Its cluster is moving these keys; try again when that is done.',
  ],
  [
    /\bWRONGTYPE\b|user_script|running script/,
    'ERR_STORE_CORRUPT',
    'Something else wrote to our keys; see ?prefix=.',
  ],
]

/** The error to throw, whatever went wrong. */
export function storeError(error: unknown, shown: string): StoreError {
  if (error instanceof StoreError) return error
  const reason = error instanceof Error ? error.message.replace(/\.$/, '') : 'unknown error'
  if (error instanceof NoAnswerError) {
    const message = `Redis ${shown}: ${reason}. Whether a change was made is unknown; try again.`
    return new StoreError('ERR_STORE_TIMEOUT', message, { cause: error })
  }
  const known = error instanceof ErrorReply ? advice.find(([words]) => words.test(reason)) : undefined
  const [, code = 'ERR_STORE_UNAVAILABLE', what = 'Check that it runs and can be reached.'] = known ?? []
  // What Redis says of a script may quote its arguments: the first line is enough, and no row is in it.
  return new StoreError(code, `Redis ${shown}: ${reason.split('\n')[0]?.slice(0, 200)}. ${what}`, {
    cause: error,
  })
}
