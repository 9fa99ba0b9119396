/** @fastify/http-proxy, which proxies with undici as we do. */
import type { AddressInfo } from 'node:net'
import proxy from '@fastify/http-proxy'
import fastify from 'fastify'

const app = fastify({ keepAliveTimeout: 60_000 })
await app.register(proxy, { upstream: process.argv[2] ?? '' })
await app.listen({ port: 0, host: '127.0.0.1' })
console.log((app.server.address() as AddressInfo).port)
