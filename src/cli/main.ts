#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { defaultPolicy } from '../core/policy.ts'
import type { GatewayConfig } from '../gateway/config.ts'
import { serveUntilStopped } from './serving.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    listen: { type: 'string', default: '127.0.0.1:8080' },
    'public-url': { type: 'string' },
    'insecure-http': { type: 'boolean', default: false },
    name: { type: 'string', default: '' },
    store: { type: 'string', default: 'sqlite:.holdfast/holdfast.db' },
    users: { type: 'string' },
    access: { type: 'string', default: 'signed-in' },
    upstream: { type: 'string' },
    preset: { type: 'string', default: 'auto' },
    log: { type: 'string', default: 'pretty' },
  },
})
const [verb, command = '', ...args] = positionals
const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(values.listen) ?? []
const config: GatewayConfig = {
  upstream:
    verb === 'serve'
      ? { kind: 'url', url: new URL(values.upstream ?? '') }
      : { kind: 'command', command, args },
  preset: values.preset as GatewayConfig['preset'],
  listen: { host, port: Number(port) },
  publicUrl: values['public-url'] ?? null,
  insecureHttp: values['insecure-http'],
  name: values.name,
  store: values.store,
  users: values.users ?? null,
  access: values.access as GatewayConfig['access'],
  rules: [],
  documentsOnly: false,
  policy: defaultPolicy,
  trustProxy: [],
  secrets: (process.env.HOLDFAST_SECRET ?? '').split(',').filter((one) => one !== ''),
  secretFile: null,
  log: values.log as GatewayConfig['log'],
}
process.exitCode = await serveUntilStopped(config)
