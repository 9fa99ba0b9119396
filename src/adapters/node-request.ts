/** A request of `node:http`, and of the frameworks on it, as the library reads it. */
import type { IncomingMessage } from 'node:http'
import type { Incoming } from './incoming.ts'

/**
 * `addressOf` and `target` are the framework's word where it has a better one: it may know the proxies in front. The address
 * is asked for only at sign-in, for finding it may cost more than the session.
 */
export function nodeRequest(
  request: IncomingMessage,
  addressOf: () => string | undefined = () => request.socket.remoteAddress,
  target: string = request.url ?? '/',
): Incoming {
  const { headers } = request
  return {
    method: request.method ?? 'GET',
    target,
    get address() {
      return addressOf() ?? ''
    },
    header(name) {
      const value = headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
  }
}
