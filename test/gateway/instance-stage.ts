/** Two gateways on one store before three instances of one app. */
import { expect } from 'vitest'
import type { LogFields } from '../../src/gateway/log.ts'
import { readPin } from '../../src/gateway/proxy/instance-order.ts'
import { freePort } from '../free-port.ts'
import { type Harness, startHarness } from './harness.ts'
import type { HarnessOptions } from './harness-options.ts'
import { type Answer, fetchFrom } from './loopback.ts'
import { ben } from './people.ts'
import {
  type RecordingUpstream,
  type RecordingUpstreamOptions,
  recordingUpstream,
} from './recording-upstream.ts'
import { openSocket } from './socket-client.ts'
import { watchedStore } from './watched-store.ts'

/** One instance of the app: says its name, may be killed, and comes back at the same port. */
export interface Instance {
  readonly name: string
  readonly url: URL
  seen(): RecordingUpstream
  kill(): Promise<void>
  start(): Promise<void>
}

export async function instance(name: string, options: RecordingUpstreamOptions = {}): Promise<Instance> {
  const port = await freePort()
  const app: RecordingUpstreamOptions['app'] = (request, response) => {
    request.resume()
    request.on('end', () => {
      response.setHeader('content-type', request.url === '/' ? 'text/html' : 'text/plain')
      response.end(name)
    })
  }
  const start = (): Promise<RecordingUpstream> => recordingUpstream({ app, ...options, port })
  let running = await start()
  return {
    name,
    url: running.url,
    seen: () => running,
    kill: () => running.close(),
    async start() {
      running = await start()
    },
  }
}

export interface Stage {
  readonly one: Harness
  readonly two: Harness
  readonly gateways: readonly [Harness, Harness]
  readonly instances: readonly Instance[]
}

export async function stage(options: HarnessOptions = {}, of: RecordingUpstreamOptions = {}): Promise<Stage> {
  const instances = await Promise.all(['red', 'green', 'brown'].map((name) => instance(name, of)))
  const urls = instances.map(({ url }) => url)
  const store = watchedStore()
  const shared = { store, publicUrl: 'https://kelp.example.org', ...options }
  const one = await startHarness({ ...shared, instances: urls })
  // The other one was told of them in another order.
  const two = await startHarness({ ...shared, instances: urls.toReversed() })
  return { one, two, gateways: [one, two], instances }
}

export const page = { accept: 'text/html', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }

export function ask(
  to: Harness,
  path: string,
  cookie?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { method = 'GET', body, ...headers } = more
  return fetchFrom(to.port, path, {
    method,
    headers: {
      ...{ host: to.host, origin: to.origin, ...headers },
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    },
    ...(body === undefined ? {} : { body }),
  })
}

export const pinCookie = '__Host-Http-holdfast_instance'

/** The pin an answer hands out, as the browser would send it; `undefined` if it hands out none. */
export function pinOf({ setCookie }: Answer): string | undefined {
  const line = setCookie.find((one) => one.startsWith(`${pinCookie}=`))
  if (line === undefined) return undefined
  expect(line).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  const pin = line.split(';', 1)[0] ?? ''
  expect(readPin(pin.slice(pinCookie.length + 1))).not.toBeNull()
  return pin
}

/** Which instance a WebSocket of this browser comes to. */
export async function socketOf(stage: Stage, to: Harness, cookie?: string): Promise<string> {
  const before = stage.instances.map(({ seen }) => seen().upgrades.length)
  const socket = await openSocket(to, {
    path: '/_stcore/stream',
    ...(cookie === undefined ? {} : { cookie }),
  })
  const at = stage.instances.findIndex(({ seen }, place) => seen().upgrades.length > (before[place] ?? 0))
  socket.socket.destroy()
  return stage.instances[at]?.name ?? 'none'
}

export const named = ({ instances }: Stage, name: string): Instance => {
  const found = instances.find((one) => one.name === name)
  if (found === undefined) throw new Error(`There is no instance ${name}.`)
  return found
}

/** A session that is led to this instance. */
export async function sessionAt({ one, two }: Stage, name: string): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const cookie = await (attempt % 2 === 0 ? one : two).sessionOf(ben)
    if ((await ask(one, '/x', cookie)).body === name) return cookie
  }
  throw new Error(`No session was led to ${name}.`)
}

export function logged({ log }: Harness, event: string): LogFields[] {
  return log.filter((one) => one.event === event).map(({ fields }) => fields)
}
