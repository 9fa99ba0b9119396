/** `live`: this process runs. `ready`: it can serve people. For load balancers, under any Host, without a session. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { holdfastPath } from '../../core/protocol.ts'
import type { GatewayParts } from '../parts.ts'
import { requestTarget } from '../target.ts'

/** Answers if the path is one of the two, below the base path or not. */
export function healthRoute(parts: GatewayParts, path: string, response: ServerResponse): boolean {
  const name = path.slice(path.startsWith(`${parts.site.base}/`) ? parts.site.base.length : 0)
  if (name === `${holdfastPath}live`) {
    answer(response, 200, 'live')
    return true
  }
  if (name !== `${holdfastPath}ready`) return false
  if (!parts.keyringGuard.isOurs()) {
    answer(response, 503, 'the store holds the key ring of others: start this gateway again')
    return true
  }
  parts.store
    .ping()
    .then(() => answer(response, 200, 'ready'))
    .catch(() => answer(response, 503, 'the store does not answer'))
  return true
}

/**
 * Answers the two for a load balancer that speaks HTTP/1.0 and names no Host, which everything else is refused for. It
 * carries nothing that could be read in two ways, and what it may send behind is not read.
 */
export function bareHealthRoute(
  parts: GatewayParts,
  { httpVersion, headers, method, url = '' }: IncomingMessage,
  response: ServerResponse,
): boolean {
  const bare = ['host', 'content-length', 'transfer-encoding'].every((name) => headers[name] === undefined)
  const target = requestTarget(url)
  if (httpVersion !== '1.0' || !bare || target === null || (method !== 'GET' && method !== 'HEAD'))
    return false
  return healthRoute(parts, target.path, response)
}

function answer(response: ServerResponse, status: number, text: string): void {
  const retry = status === 503 ? { 'retry-after': '5' } : {}
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...retry,
  })
  response.end(`${text}\n`)
}
