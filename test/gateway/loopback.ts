/** This machine's own address: a port of it that is free, and requests to one that is not. */
import { request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly setCookie: readonly string[]
  readonly body: string
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer
}

/** Told of every request that `fetchFrom` makes, with its answer. */
export type AnswerListener = (path: string, ask: Ask, answer: Answer) => void

const answerListeners = new Set<AnswerListener>()

/** Tells a listener of every answer from now on, until the function that this returns is called. */
export function onAnswer(listener: AnswerListener): () => void {
  answerListeners.add(listener)
  return () => answerListeners.delete(listener)
}

/** One request by node:http, which sets no header by itself that a test did not ask for, save for Connection. */
export function fetchFrom(port: number, path: string, ask: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(
      Object.entries(ask.headers ?? {}).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : [...value],
      ]),
    )
    const outgoing = request(
      { host: '127.0.0.1', port, path, method: ask.method ?? 'GET', headers, agent: false },
      (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () => {
          const answer = {
            status: response.statusCode ?? 0,
            headers: response.headers,
            setCookie: response.headers['set-cookie'] ?? [],
            body: Buffer.concat(pieces).toString('utf8'),
          }
          for (const listener of answerListeners) listener(path, ask, answer)
          resolve(answer)
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(ask.body)
  })
}
