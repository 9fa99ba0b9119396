/** A server that a test starts on a free port, and ends with everything that is open. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestServer {
  readonly port: number
  close(): Promise<void>
}

/** Starts it, if it does not listen yet. `onClose` is done first when it is closed. */
export async function started(server: Server, onClose?: () => Promise<void>): Promise<TestServer> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      await onClose?.()
      server.closeAllConnections()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}
