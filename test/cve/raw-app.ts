/** An app that speaks bytes in place of HTTP. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll } from 'vitest'

/** How an answer begins that is fine so far. */
export const ok = 'HTTP/1.1 200 OK\r\n'

/** An app that answers every request with these bytes. */
export async function rawApp(
  respond: (socket: Socket, request: string) => void,
): Promise<{ url: URL; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (piece) => respond(socket, piece.toString('latin1')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), sockets }
}
