/** Streamlit's own WebSocket, spoken by hand: what anybody with a cookie can send. */
import WebSocket from 'ws'

export interface SocketOptions {
  readonly cookie?: string
  /** @default the gateway's own */
  readonly origin?: string | null
  /** The Streamlit session to ask for: the third value of Sec-WebSocket-Protocol. */
  readonly session?: string
  /** The tab to speak as. */
  readonly tab?: string
  /** The secret by which that tab's pages are told from whoever names the tab. */
  readonly page?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A message may name a page by its address, or by its hash. */
export type PageChoice = { readonly path: string } | { readonly hash: string }

/** An open socket. */
export interface StreamlitSocket {
  /** Asks for a run, of a page if it is named, and returns everything the app sent until the run ended. */
  run(page?: PageChoice): Promise<string>
  /** The hash by which messages name a page, as the app told it in the last run. */
  pageHash(path: string): string
  /** The Streamlit session of the last run. */
  session(): string
  /** The code it was closed with. */
  readonly closed: Promise<number>
  close(): void
}

// Numbers of Streamlit's messages, the same from 1.57 to 1.67.
const rerunScript = 11
const clientState = { pageScriptHash: 3, pageName: 4 }
const scriptFinished = 6
const sessionIdPath = [4, 1, 6]
const navigation = 23
const appPages = 2
const appPage = { hash: 1, path: 6 }

/**
 * Opens Streamlit's stream; a number is the status it was refused with. Streamlit believes its own cookies only of a
 * client that also sends its XSRF token, as every page does.
 */
export async function openStreamlit(
  url: string,
  options: SocketOptions = {},
): Promise<StreamlitSocket | number> {
  const { cookie = '', origin = new URL(url).origin, session, tab, page, headers } = options
  const token = await xsrfToken(url, cookie)
  const address = `${url.replace('http', 'ws')}/_stcore/stream${tab === undefined ? '' : `?_holdfast_tab=${tab}`}`
  const protocols = [
    'streamlit',
    token ?? 'PLACEHOLDER_AUTH_TOKEN',
    ...(session === undefined ? [] : [session]),
    ...(page === undefined ? [] : [`holdfast-page.${page}`]),
  ]
  const socket = new WebSocket(address, protocols, {
    headers: {
      cookie: token === null ? cookie : `${cookie}; _streamlit_xsrf=${token}`,
      ...(origin === null ? {} : { origin }),
      ...headers,
    },
  })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(conversation(socket)))
    socket.once('unexpected-response', (request, answer) => {
      request.destroy()
      resolve(answer.statusCode ?? 0)
    })
    socket.on('error', reject)
  })
}

async function xsrfToken(url: string, cookie: string): Promise<string | null> {
  const answer = await fetch(`${url}/_stcore/health`, { headers: { cookie } })
  const line = answer.headers.getSetCookie().find((one) => one.startsWith('_streamlit_xsrf='))
  return line === undefined ? null : (line.slice('_streamlit_xsrf='.length).split(';', 1)[0] ?? null)
}

function conversation(socket: WebSocket): StreamlitSocket {
  const messages: Buffer[] = []
  const hashes = new Map<string, string>()
  let session = ''
  let finished = (): void => {}
  socket.on('message', (data: Buffer) => {
    messages.push(data)
    session = text(data, ...sessionIdPath) || session
    for (const [path, hash] of pagesOf(data)) hashes.set(path, hash)
    if (fields(data).some(({ number }) => number === scriptFinished)) finished()
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  return {
    closed,
    session: () => session,
    pageHash: (path) => hashes.get(path) ?? '',
    close: () => socket.close(),
    async run(page) {
      messages.length = 0
      const end = new Promise<void>((resolve) => {
        finished = resolve
      })
      socket.send(rerun(page))
      await Promise.race([end, closed])
      return Buffer.concat(messages).toString('utf8')
    },
  }
}

function rerun(page: PageChoice | undefined): Buffer {
  const hash = page !== undefined && 'hash' in page ? page.hash : ''
  const path = page !== undefined && 'path' in page ? page.path : ''
  const state = [field(clientState.pageScriptHash, hash), field(clientState.pageName, path)]
  return field(rerunScript, Buffer.concat(state))
}

function pagesOf(message: Buffer): [string, string][] {
  return children(message, navigation)
    .flatMap((one) => children(one, appPages))
    .map((page) => [text(page, appPage.path), text(page, appPage.hash)])
}

function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
}

function children(message: Buffer, number: number): readonly Buffer[] {
  return fields(message)
    .filter((one) => one.number === number)
    .map(({ bytes }) => bytes)
}

function text(message: Buffer, ...path: readonly number[]): string {
  let at: Buffer | undefined = message
  for (const number of path) at = at === undefined ? undefined : children(at, number)[0]
  return at?.toString('utf8') ?? ''
}

/** The fields of a protobuf message; those that are no bytes are empty. */
function fields(message: Buffer): readonly { readonly number: number; readonly bytes: Buffer }[] {
  const found: { number: number; bytes: Buffer }[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const key = varint()
    const kind = key & 7
    if (kind === 0) varint()
    const fixed = kind === 1 ? 8 : 4
    const length = kind === 2 ? varint() : fixed * Number(kind !== 0)
    found.push({ number: Math.floor(key / 8), bytes: message.subarray(at, at + length) })
    at += length
  }
  return found
}
