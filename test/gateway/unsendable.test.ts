import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { httpProxy } from '../../src/gateway/proxy/http.ts'
import { freePort } from '../free-port.ts'
import { fetchFrom } from './loopback.ts'

/** Whether a request with these headers takes the app for one that is away. */
async function isTakenForAway(upstream: URL, headers: string[]): Promise<[status: number, away: boolean]> {
  const proxy = httpProxy({ upstream })
  let away = false
  const server = createServer((request, response) => {
    proxy.forward({
      ...{ request, response, headers, path: '/', base: '', snippet: null, setCookie: [] },
      ...{ guarded: false, document: false, secure: false },
      onUnreached() {
        away = true
        return false
      },
      onFailure: () => response.writeHead(502).end(),
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await proxy.close()
  })
  const { status } = await fetchFrom((server.address() as AddressInfo).port, '/')
  return [status, away]
}

it('SECURITY: a request that cannot be sent says nothing of the instance it was meant for', async () => {
  const upstream = new URL(`http://127.0.0.1:${await freePort()}`)
  for (const wrong of [
    ['expect', '100-continue'],
    ['keep-alive', '5'],
    ['content-length', '1', 'content-length', '2'],
    ['x-note', 'a\nb'],
  ])
    expect(await isTakenForAway(upstream, ['host', 'app', ...wrong]), wrong.join()).toEqual([502, false])
  expect(await isTakenForAway(upstream, ['host', 'app'])).toEqual([502, true])
})
