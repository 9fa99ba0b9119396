import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { buildClient } from '../../scripts/build-client.ts'
import { streamlitPage } from './streamlit-page.ts'

/** The gateway's side of the browser script's contract, with everything a test wants to turn or read. */
export interface ContractGateway {
  readonly port: number
  /** The page's address: `localhost` unless a host is given. */
  url(path: string, host?: string): string
  /** What the gateway holds of the session. `null` deadlines never come. */
  readonly session: {
    live: boolean
    idleAt: number | null
    absoluteAt: number | null
    mark: string
    /** How far "Stay signed in" moves the idle deadline. */
    idleFor: number
  }
  /** Answers 503 and refuses upgrades. */
  down: boolean
  /** What the injected configuration says besides the session. */
  config: Record<string, unknown>
  /** Milliseconds the answers to POST `sign-out` and `begin` take. */
  delay: number
  /** Answers POST `begin` with 429, as where too many come from one network. */
  crowded: boolean
  /** Answers a sign-out with a page that asks for confirmation. */
  asksFirst: boolean
  /** Milliseconds a session's description is under way, and ages. */
  lateness: number
  /** Every request and upgrade under `/_holdfast/`, as `GET session`; `begun` when `begin` was answered. */
  readonly requests: string[]
  /** Open sockets: the events line of each page and the sockets of the app. */
  readonly sockets: { readonly path: string; readonly tab: string | null; readonly socket: WebSocket }[]
  /** Resolves when this many requests like `request` have come in, counted from the start. */
  seen(request: string, times?: number): Promise<void>
  /** The next socket opened at this path, and the tab id it brought. */
  connected(path: string): Promise<string | null>
  /** Ends the session and tells every events line. */
  signOut(): void
  close(): Promise<void>
}

const HTML = { 'content-type': 'text/html' }

const APP = `<!doctype html><html><head>SCRIPT<title>App</title></head><body><h1>secret</h1><script>
addEventListener('error', (event) => { (window.faults ??= []).push(event.message) })
addEventListener('unhandledrejection', (event) => { (window.faults ??= []).push(String(event.reason)) })
const told = (socket) => new Promise((done) => socket.addEventListener('message', ({ data }) => done(data)))
const run = new URLSearchParams(location.search).get('run')
if (run) window.outcome = (0, eval)(run)
if (QUIET) window.quiet = true
else { window.socket = new WebSocket('ws://' + location.host + '/stream?page=1', ['app', 'second']); window.tab = told(socket) }
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) new WebSocket('ws://' + location.host + '/restored')
})
</script></body></html>`

/** Starts one on a free port, signed in and healthy. */
export async function openContractGateway(): Promise<ContractGateway> {
  const scripts = await buildClient()
  const waiting: { request: string; times: number; done: () => void }[] = []
  const expected: { path: string; done: (tab: string | null) => void }[] = []
  const session = { live: true, idleAt: null, absoluteAt: null, mark: 'm1', idleFor: 60_000 }

  const note = (request: string): void => {
    gateway.requests.push(request)
    for (const { request: wanted, times, done } of waiting) {
      if (gateway.requests.filter((past) => past === wanted).length >= times) done()
    }
  }
  const said = () => ({ ...session, signedIn: true, now: Date.now() })
  const document = (url: URL, signedIn: boolean): string => {
    const config = { base: '', ...said(), signedIn, ...gateway.config }
    const attribute = JSON.stringify(config).replaceAll("'", '&#39;')
    const element = (name: string) =>
      `<script src="/_holdfast/${name}" data-holdfast='${attribute}'></script>`
    if (url.pathname.startsWith('/streamlit'))
      return streamlitPage.replace('SCRIPTS', element('streamlit.js') + element('client.js'))
    return APP.replace('SCRIPT', element('client.js')).replace(
      'QUIET',
      String(url.pathname.startsWith('/quiet')),
    )
  }
  const answerSession = (request: IncomingMessage, response: ServerResponse): void => {
    if (gateway.down) {
      response.writeHead(503).end()
      return
    }
    if (session.live && request.method === 'POST') gateway.session.idleAt = Date.now() + session.idleFor
    const [status, body] = session.live ? [200, said()] : [401, {}]
    const text = JSON.stringify(body)
    setTimeout(() => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(text)
    }, gateway.lateness)
  }
  const answerSignOut = (response: ServerResponse): void => {
    if (gateway.down) {
      response.writeHead(503).end()
      return
    }
    if (gateway.asksFirst) {
      response.writeHead(200, HTML).end('<h1>really?</h1>')
      return
    }
    // As a gateway must: the sockets learn of it before the answer goes out.
    gateway.signOut()
    setTimeout(() => response.writeHead(303, { location: '/_holdfast/signed-out' }).end(), gateway.delay)
  }
  const answerBegin = (response: ServerResponse): void => {
    setTimeout(() => {
      note('begun')
      if (gateway.crowded) response.writeHead(429, { 'retry-after': '600' }).end()
      else response.writeHead(204).end()
    }, gateway.delay)
  }
  const answerOurs = (request: IncomingMessage, response: ServerResponse, path: string): void => {
    const call = `${request.method} ${path}`
    if (path === 'client.js' || path === 'streamlit.js') {
      const script = path === 'client.js' ? scripts.client : scripts.streamlit
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
      return
    }
    note(call)
    if (path === 'session') answerSession(request, response)
    else if (call === 'POST begin') answerBegin(response)
    else if (call === 'POST sign-out') answerSignOut(response)
    else response.writeHead(200, HTML).end(`<h1>${path}</h1>`)
  }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://gateway')
    const ours = url.pathname.match(/^\/_holdfast\/(.*)$/)?.[1]
    if (ours !== undefined) return answerOurs(request, response, ours)
    const isSignedIn = session.live && gateway.config.signedIn !== false
    response.writeHead(gateway.down ? 503 : 200, HTML)
    const embedded = url.searchParams.getAll('frame').map((src) => `<iframe src="${src}"></iframe>`)
    if (url.pathname === '/foreign') response.end(embedded.join(''))
    else response.end(document(url, isSignedIn).replace('</body>', `${embedded.join('')}</body>`))
  })

  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'app' })
  server.on('upgrade', (request, socket, head) => {
    // A page that goes resets its connection, also one that was refused.
    socket.on('error', () => socket.destroy())
    const url = new URL(request.url ?? '/', 'http://gateway')
    const isEvents = url.pathname === '/_holdfast/events'
    if (isEvents) note('UPGRADE events')
    if (gateway.down || (isEvents && !session.live)) {
      socket.end(`HTTP/1.1 ${gateway.down ? 503 : 401} No\r\nConnection: close\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const entry = { path: url.pathname, tab: url.searchParams.get('_holdfast_tab'), socket: opened }
      gateway.sockets.push(entry)
      for (const next of expected) if (next.path === entry.path) next.done(entry.tab)
      opened.on('close', () => gateway.sockets.splice(gateway.sockets.indexOf(entry), 1))
      opened.on('message', (data, isBinary) => opened.send(data, { binary: isBinary }))
      if (!isEvents) opened.send(String(entry.tab))
    })
  })

  const gateway: ContractGateway = {
    port: 0,
    url: (path, host = 'localhost') => `http://${host}:${gateway.port}${path}`,
    session,
    down: false,
    config: {},
    delay: 0,
    crowded: false,
    asksFirst: false,
    lateness: 0,
    requests: [],
    sockets: [],
    seen: (request, times = 1) =>
      new Promise((done) => {
        const count = gateway.requests.filter((past) => past === request).length
        if (count >= times) done()
        else waiting.push({ request, times, done })
      }),
    connected: (path) => new Promise((done) => expected.push({ path, done })),
    signOut() {
      session.live = false
      for (const { path, socket } of gateway.sockets) {
        if (path !== '/_holdfast/events') continue
        socket.send(JSON.stringify({ type: 'signed-out', reason: 'sign-out' }))
        socket.close(4401)
      }
    },
    close() {
      for (const { socket } of gateway.sockets) socket.terminate()
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    },
  }
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return Object.assign(gateway, { port: (server.address() as AddressInfo).port })
}
