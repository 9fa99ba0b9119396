/** The app behind every contender: one kilobyte by HTTP, and an echo by WebSocket. Prints its port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

const body = JSON.stringify({ text: 'k'.repeat(1012) })
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
})
const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 1 << 28 })
sockets.on('connection', (socket) => {
  socket.on('message', (data, binary) => socket.send(data, { binary }))
  socket.on('error', () => socket.terminate())
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
