/** The port, taken before anything else is started: what is in use is said at once, and `:0` becomes a number. */
import { createServer } from 'node:net'
import { ConfigError } from '../core/errors.ts'

/** An address that is ours until `release`. */
export interface ReservedPort {
  readonly host: string
  readonly port: number
  /** Lets go of it, for the server that is to listen there. Twice is once. */
  release(): Promise<void>
}

/** Takes the address, with a free port for port 0. Rejects with `ConfigError` (`ERR_LISTEN`) that says why it cannot. */
export function reservePort(
  listen: { readonly host: string; readonly port: number },
  option?: string,
): Promise<ReservedPort> {
  const { host, port } = listen
  // Whoever comes this early is told to come again, as by a closed port.
  const server = createServer((socket) => socket.resetAndDestroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, host, port, option)))
    server.listen(port, host, () => {
      const address = server.address()
      const taken = typeof address === 'object' && address !== null ? address.port : port
      resolve({
        host,
        port: taken,
        release: () => new Promise((done) => void server.close(() => done())),
      })
    })
  })
}

/** What a failure to listen means, and what to do. */
export function listenFault(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  option: string = '--listen',
): ConfigError {
  return new ConfigError('ERR_LISTEN', `${option} ${host}:${port}: ${reason(error)}`, { cause: error })
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return 'the port is taken. Stop what uses it, or choose another.'
  if (code === 'EACCES') return 'ports below 1024 need rights. Choose another, such as 8080.'
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'this machine has no such address.'
  return `${message}.`
}
