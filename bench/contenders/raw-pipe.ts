/** A raw TCP pipe: the least a relay can cost. */
import { type AddressInfo, connect, createServer } from 'node:net'

const upstream = new URL(process.argv[2] ?? '')
const server = createServer({ noDelay: true }, (client) => {
  const socket = connect({ port: Number(upstream.port), host: upstream.hostname, noDelay: true })
  client.pipe(socket).pipe(client)
  client.on('error', () => socket.destroy())
  socket.on('error', () => client.destroy())
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
