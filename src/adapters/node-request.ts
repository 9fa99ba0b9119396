/** A request of `node:http`, and of the frameworks on it, as the library reads it. */
import type { IncomingMessage } from 'node:http'
import type { Incoming } from './incoming.ts'

/** `address` and `target` are the framework's word where it has a better one: it may know the proxies in front. */
export function nodeRequest(
  request: IncomingMessage,
  address: string | undefined = request.socket.remoteAddress,
  target: string = request.url ?? '/',
): Incoming {
  const { headers } = request
  return {
    method: request.method ?? 'GET',
    target,
    address: address ?? '',
    header(name) {
      const value = headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
  }
}
