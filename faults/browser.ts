/** What a client sends to a replica, and how the answer is read. */
import { request } from 'node:http'
import type { Replica } from './fleet.ts'
import type { Outcome, Told } from './history.ts'

export interface Answer {
  readonly status: number
  readonly body: string
  /** The session's cookie as the answer sets it: a value; '' where it is removed; `null` where it is not touched. */
  readonly cookie: string | null
  /** Whether it is the app's own answer, and not the gateway's in its place. */
  readonly isOfApp: boolean
}

export interface Ask {
  readonly method?: string
  readonly cookie?: string | null
  readonly address?: string
  readonly body?: string
  readonly type?: string
}

const host = 'kelp.example.org'
export const cookieName = '__Host-Http-holdfast'
// Far above what is promised: who waits longer has learnt enough.
const patience = 6_000

/** One request; rejects where no whole answer came. */
export function send(to: Replica, path: string, ask: Ask): Promise<Answer> {
  const { method = 'GET', cookie, address, body, type = 'application/json' } = ask
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {
      ...{ host, accept: 'application/json', 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' },
      'sec-fetch-mode': 'cors',
      ...(method === 'GET'
        ? {}
        : { origin: `https://${host}`, 'content-length': `${Buffer.byteLength(body ?? '')}` }),
      ...(body === undefined ? {} : { 'content-type': type }),
      ...(cookie == null ? {} : { cookie: `${cookieName}=${cookie}` }),
      ...(address === undefined ? {} : { 'x-forwarded-for': address }),
    }
    const options = { host: to.address, port: to.port, path, method, headers, agent: false as const }
    const outgoing = request({ ...options, signal: AbortSignal.timeout(patience) }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
      })
      response.on('error', reject)
      response.on('end', () => {
        if (!response.complete) return reject(new Error('The answer was cut off.'))
        const cookies = response.headers['set-cookie'] ?? []
        const isOfApp = response.headers['from-app'] !== undefined
        resolve({ status: response.statusCode ?? 0, body: text, cookie: cookieIn(cookies), isOfApp })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function cookieIn(lines: readonly string[]): string | null {
  const line = lines.find((one) => one.startsWith(`${cookieName}=`))
  return line === undefined ? null : (line.split(';', 1)[0] ?? '').slice(cookieName.length + 1)
}

/** What an answer of the app, or of the gateway in its place, means. 410: the state's session is gone. */
export function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'ok'
  if (status === 401 || status === 303 || status === 410) return 'refused'
  return status === 503 ? 'unavailable' : 'failed'
}

/** What the app said, where it was the app. */
export function toldBy({ status, body }: Pick<Answer, 'status' | 'body'>): Told {
  if (status !== 200) return {}
  return JSON.parse(body) as Told
}

/** Opens a WebSocket and leaves it alone; `null`: it was refused. `onClose` is called once, in whichever way it closes. */
export function openSocket(
  to: Replica,
  cookie: string,
  onOpen: () => void,
  onClose: () => void,
): Promise<{ close(): void } | null> {
  return new Promise((resolve) => {
    const headers = {
      ...{ host, origin: `https://${host}`, cookie: `${cookieName}=${cookie}`, connection: 'Upgrade' },
      ...{ upgrade: 'websocket', 'sec-websocket-version': '13' },
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    const outgoing = request({ host: to.address, port: to.port, path: '/ws', headers, agent: false })
    outgoing.setTimeout(patience, () => outgoing.destroy())
    outgoing.on('error', () => resolve(null))
    outgoing.on('response', (response) => {
      response.resume()
      resolve(null)
    })
    outgoing.on('upgrade', (_response, socket, head) => {
      socket.setTimeout(0)
      onOpen()
      const closed = (): void => {
        onClose()
        socket.destroy()
      }
      // The Close frame is the end: nothing of the app comes after it.
      const look = (piece: Buffer): void => {
        if (piece[0] === 0x88) closed()
      }
      socket.on('data', look)
      socket.on('error', closed)
      socket.on('close', closed)
      if (head.length > 0) look(head)
      resolve({ close: closed })
    })
    outgoing.end()
  })
}
