/** Holdfast's own engine with nothing in front: no session, no rules. What sessions cost is measured against this. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { requestHeaders } from '../../src/gateway/proxy/headers.ts'
import { httpProxy } from '../../src/gateway/proxy/http.ts'

const upstream = new URL(process.argv[2] ?? '')
const proxy = httpProxy({ upstream })
const server = createServer((request, response) => {
  proxy.forward({
    request,
    response,
    path: request.url ?? '/',
    headers: requestHeaders(request.rawHeaders, { ours: [] }),
    guarded: false,
    document: false,
    secure: false,
    snippet: null,
    setCookie: [],
    onFailure: () => response.writeHead(502).end(),
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
