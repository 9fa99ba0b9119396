/** A client that sends exactly the bytes it is told, and reads what comes back without believing it. */
import { connect, type Socket } from 'node:net'

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  /** Lower-case names; several lines of one name joined with a line break. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export interface RawExchange {
  /** Everything received, byte for byte. */
  readonly text: string
  readonly answers: readonly RawAnswer[]
  /** Whether the server closed the connection. */
  readonly closed: boolean
}

/** How long nothing may happen until we stop waiting for more, in milliseconds: before anything came, and after. */
const patience = 3_000
const silence = 500

/**
 * Sends the bytes over one connection and collects what comes back until the server closes it or has said nothing for a
 * while: whoever waits for the rest of a broken request never answers.
 */
export function rawExchange(
  port: number,
  bytes: string | Buffer,
  quiet: number = silence,
): Promise<RawExchange> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const pieces: Buffer[] = []
    let timer: NodeJS.Timeout | undefined
    const done = (closed: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      const text = Buffer.concat(pieces).toString('latin1')
      resolve({ text, answers: readAnswers(text), closed })
    }
    const wait = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => done(false), pieces.length === 0 ? Math.max(patience, quiet) : quiet)
    }
    socket.on('connect', () => {
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
      wait()
    })
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      // After a 101 silence says nothing.
      if (piece.toString('latin1').startsWith('HTTP/1.1 101')) done(false)
      else wait()
    })
    socket.on('close', () => done(true))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // What was answered before the reset is what counts.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
  })
}

/** An open connection, for talking step by step. */
export interface RawTalk {
  readonly socket: Socket
  send(bytes: string | Buffer): void
  /** Everything received so far. */
  received(): Buffer
  /** Resolves once what was received satisfies the predicate; rejects when the connection closes before. */
  until(satisfied: (received: Buffer) => boolean): Promise<Buffer>
  readonly closed: Promise<void>
  readonly isClosed: () => boolean
}

export function rawTalk(port: number): Promise<RawTalk> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const pieces: Buffer[] = []
    const waiting = new Set<() => void>()
    let isClosed = false
    const wake = (): void => {
      for (const look of waiting) look()
    }
    const closed = new Promise<void>((close) => {
      socket.on('close', () => {
        isClosed = true
        close()
        wake()
      })
    })
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      wake()
    })
    socket.on('error', (error) => reject(error))
    socket.on('connect', () =>
      resolve({
        socket,
        send: (bytes) => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
        received: () => Buffer.concat(pieces),
        until: (satisfied) =>
          new Promise((enough, never) => {
            const look = (): void => {
              const all = Buffer.concat(pieces)
              if (satisfied(all)) {
                waiting.delete(look)
                enough(all)
              } else if (isClosed) {
                waiting.delete(look)
                never(
                  new Error(
                    `The connection closed after ${all.length} bytes: ${all.toString('latin1').slice(0, 300)}`,
                  ),
                )
              }
            }
            waiting.add(look)
            look()
          }),
        closed,
        isClosed: () => isClosed,
      }),
    )
  })
}

/** The answers in a text; one that was cut off is left out. */
export function readAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  let rest = text
  while (rest.startsWith('HTTP/1.')) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) break
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers = new Map<string, string>()
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(':')).toLowerCase()
      const value = line.slice(line.indexOf(':') + 1).trim()
      headers.set(name, headers.has(name) ? `${headers.get(name)}\n${value}` : value)
    }
    const status = Number(first.slice(9, 12))
    const { body, after } = readBody(status, headers, rest.slice(end + 4))
    answers.push({ status, headers, body })
    rest = after
  }
  return answers
}

function readBody(
  status: number,
  headers: ReadonlyMap<string, string>,
  text: string,
): { body: string; after: string } {
  if (status < 200 || status === 204 || status === 304) return { body: '', after: text }
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(text)
  const length = headers.get('content-length')
  if (length === undefined) return { body: text, after: '' }
  return { body: text.slice(0, Number(length)), after: text.slice(Number(length)) }
}

function readChunks(text: string): { body: string; after: string } {
  let body = ''
  let at = 0
  for (;;) {
    const line = text.indexOf('\r\n', at)
    if (line < 0) return { body, after: '' }
    const size = Number.parseInt(text.slice(at, line), 16)
    if (!(size > 0)) return { body, after: text.slice(line + 4) }
    body += text.slice(line + 2, line + 2 + size)
    at = line + 4 + size
  }
}
