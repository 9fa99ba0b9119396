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
  return new NodeRequest(request, addressOf, target)
}

/**
 * A class for its getter: of a literal with one V8 makes a hidden class for each request, which only a full collection
 * removes. That was half of what a session cost.
 */
class NodeRequest implements Incoming {
  readonly method: string
  readonly target: string
  readonly connection: object
  readonly #request: IncomingMessage
  readonly #addressOf: () => string | undefined

  constructor(request: IncomingMessage, addressOf: () => string | undefined, target: string) {
    this.method = request.method ?? 'GET'
    this.target = target
    this.connection = request.socket
    this.#request = request
    this.#addressOf = addressOf
  }

  get address(): string {
    return this.#addressOf() ?? ''
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
}
