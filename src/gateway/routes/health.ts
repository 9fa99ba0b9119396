/** `live`: this process runs. `ready`: it can serve people. For load balancers, under any Host, without a session. */
import type { ServerResponse } from 'node:http'
import { holdfastPath } from '../../core/protocol.ts'
import type { GatewayParts } from '../parts.ts'

/** Answers if the path is one of the two, below the base path or not. */
export function healthRoute(parts: GatewayParts, path: string, response: ServerResponse): boolean {
  const name = path.slice(path.startsWith(`${parts.site.base}/`) ? parts.site.base.length : 0)
  if (name === `${holdfastPath}live`) {
    answer(response, 200, 'live')
    return true
  }
  if (name !== `${holdfastPath}ready`) return false
  parts.store
    .ping()
    .then(() => answer(response, 200, 'ready'))
    .catch(() => answer(response, 503, 'the store does not answer'))
  return true
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
