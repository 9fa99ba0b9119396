/** What `writeHead` of `node:http` is called with: read and checked at once, as Node does, and sent later. */
import {
  type OutgoingHttpHeader,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'

type Field = readonly [name: string, value: OutgoingHttpHeader]

export interface ResponseHead {
  readonly status: number
  /** What stands beside the status; `null`: what the response says, or the status itself. */
  readonly message: string | null
  readonly fields: readonly Field[]
  /** Whether fields of one name are all sent, as those of an array are. */
  readonly isList: boolean
}

/** Reads the arguments. Throws for what cannot be sent, with Node's codes, before anything of it is set. */
export function readHead([status, reason, headers]: readonly unknown[]): ResponseHead {
  const message = typeof reason === 'string' ? reason : null
  const given = message === null ? (headers ?? reason) : headers
  const head = {
    status: statusOf(status),
    message,
    fields: fieldsOf(given),
    isList: Array.isArray(given),
  }
  for (const [name, value] of head.fields) {
    validateHeaderName(name)
    validateHeaderValue(name, value as string)
  }
  // SECURITY: a line break in it would begin a header of the sender's own.
  if (message !== null && isUnfit(message))
    throw coded(new TypeError('Invalid character in statusMessage'), 'ERR_INVALID_CHAR')
  return head
}

/** Sets the headers, over those of before. Returns how to take them back. */
export function giveFields(response: ServerResponse, { fields, isList }: ResponseHead): () => void {
  const before = new Map(fields.map(([name]) => [name, response.getHeader(name)]))
  if (isList) for (const [name] of fields) response.removeHeader(name)
  for (const [name, value] of fields) {
    if (isList) response.appendHeader(name, typeof value === 'number' ? String(value) : value)
    else response.setHeader(name, value)
  }
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) response.removeHeader(name)
      else response.setHeader(name, value)
    }
  }
}

/** Node's own error for what comes too late. */
export function headSent(verb: string): Error {
  return coded(new Error(`Cannot ${verb} headers after they are sent to the client`), 'ERR_HTTP_HEADERS_SENT')
}

function statusOf(given: unknown): number {
  const status = Math.trunc(Number(given))
  if (status >= 100 && status <= 999) return status
  throw coded(new RangeError(`Invalid status code: ${String(given)}`), 'ERR_HTTP_INVALID_STATUS_CODE')
}

function fieldsOf(given: unknown): readonly Field[] {
  if (!Array.isArray(given)) return Object.entries(given ?? {}).filter(([name]) => name !== '')
  if (given.every(Array.isArray)) return given.map(([name, value]) => [name, value])
  if (given.length % 2 !== 0)
    throw coded(
      new TypeError("The argument 'headers' is invalid: a value is missing"),
      'ERR_INVALID_ARG_VALUE',
    )
  const fields: Field[] = []
  for (let at = 0; at < given.length; at += 2) fields.push([given[at], given[at + 1]])
  return fields
}

/** Whether a character is in it that no header may hold (RFC 9110 §5.5). */
function isUnfit(text: string): boolean {
  return /[^\t\x20-\x7e\x80-\xff]/.test(text)
}

function coded(error: Error, code: string): Error {
  return Object.assign(error, { code })
}
