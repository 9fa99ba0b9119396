/** A counter that everybody shares, live over WebSockets; and who the gateway says is there. No dependencies. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

const port = Number(process.env.PORT ?? 3000)
const sockets = new Set<Duplex>()
let count = 0
// What fits a frame's first length byte; nobody needs more to count.
const longest = 125

const server = createServer((request, response) => {
  if (request.url !== '/') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here.\n')
    return
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(request))
})

// RFC 6455 as far as a counter needs it: any short message counts one up, and everybody is told.
server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key']
  if (request.url !== '/count' || key === undefined) {
    socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
    return
  }
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  sockets.add(socket)
  tell(socket)
  let waiting = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer): void => {
    waiting = Buffer.concat([waiting, chunk])
    if (((waiting[1] ?? 0) & 0x7f) > longest) {
      socket.destroy()
      return
    }
    // A frame from a browser: two bytes, four of mask, and the text.
    for (let length = frameLength(waiting); waiting.length >= length; length = frameLength(waiting)) {
      const kind = (waiting[0] ?? 0) & 0x0f
      waiting = waiting.subarray(length)
      if (kind !== 1) {
        socket.end(Buffer.from([0x88, 0]))
        return
      }
      count += 1
      for (const one of sockets) tell(one)
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => sockets.delete(socket))
})

function frameLength(bytes: Buffer): number {
  const length = (bytes[1] ?? 0) & 0x7f
  return bytes.length < 2 ? Number.POSITIVE_INFINITY : 6 + length
}

function tell(socket: Duplex): void {
  const text = Buffer.from(String(count))
  if (socket.writable) socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]))
}

function page({ headers }: IncomingMessage): string {
  const rows = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-forwarded-') || name === 'holdfast-tab')
    .map(([name, value]) => `<tr><th>${escaped(name)}<td>${escaped(String(value))}`)
  const who = headers['x-forwarded-user']
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Counter</title>
<style>
  body { font: 1rem/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
  button { font: inherit; padding: .5rem 1rem }
  output { font-size: 4rem; display: block }
  th { text-align: left; font-weight: 400; padding-right: 2rem; color: #666 }
</style>
<h1>${who === undefined ? 'Nobody is signed in' : `Hello ${escaped(String(who))}`}</h1>
<output aria-live="polite">…</output>
<button type="button">Count</button>
<h2>What the gateway says</h2>
<table>${rows.join('')}</table>
<p><a href="/_holdfast/sign-out">Sign out</a></p>
<script>
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/count')
  socket.onmessage = ({ data }) => { document.querySelector('output').value = data }
  document.querySelector('button').onclick = () => socket.send('+')
</script>
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
}

server.listen(port, '127.0.0.1', () => console.log(`The counter is at http://127.0.0.1:${port}`))
