/** http-proxy-3 with a keep-alive agent: its default of none would be three times slower. */
import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createProxyServer } from 'http-proxy-3'

const proxy = createProxyServer({
  target: process.argv[2] ?? '',
  agent: new Agent({ keepAlive: true, maxSockets: 256 }),
})
proxy.on('error', () => {})
const server = createServer((request, response) => proxy.web(request, response))
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
