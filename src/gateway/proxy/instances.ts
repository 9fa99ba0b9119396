/** Several instances of one app: leads each browser to its own, and past one that cannot be reached until it answers. */
import { setTimeout as wait } from 'node:timers/promises'
import type { CookieTransport } from '../../core/cookie.ts'
import { UpstreamError } from '../../core/errors.ts'
import type { Log } from '../log.ts'
import { type Exchange, type HttpProxy, httpProxy } from './http.ts'
import { instanceOrder, writePin } from './instance-order.ts'
import type { Lead } from './lead.ts'
import { hasLeft, type Upgrade } from './upgrade.ts'
import { TurnError, upgradeLine } from './upgrade-line.ts'
import type { SocketOpening, Upstream } from './upstream.ts'

export interface InstancesOptions {
  readonly urls: readonly URL[]
  /** The path at which an instance says it is up. */
  readonly healthPath: string
  /** Hands browsers their pin. */
  readonly cookie: CookieTransport
  readonly log: Log
  /** How long an instance may take to begin its answer, in milliseconds. */
  readonly headersTimeout?: number
  /**
   * How long a connection may take, in milliseconds. As for an only app: whoever is led elsewhere leaves behind what that
   * instance holds of them. @default 5000
   */
  readonly connectTimeout?: number
  /** How often an instance that is passed over is asked whether it is back, in milliseconds. @default 1000 */
  readonly probeEvery?: number
  /**
   * Once all were away, for how long after the first is back nobody is led elsewhere, in milliseconds: instances that are
   * deployed together come back one after the other, and the first would be given everybody. @default 8000
   */
  readonly gathering?: number
}

/** What could not be had of one instance. Its address is for the log: browsers learn nothing of what is behind. */
export class InstanceError extends UpstreamError {
  readonly instance: string

  constructor({ code, message }: UpstreamError, instance: string, cause: unknown) {
    super(code, message, { cause })
    this.instance = instance
  }
}

/** Which instance a failure was at, as fields of a log line; none where there is one only. */
export function instanceOf(error: unknown): { readonly instance?: string } {
  return error instanceof InstanceError ? { instance: error.instance } : {}
}

interface Instance {
  readonly url: URL
  readonly proxy: HttpProxy
  readonly upgrade: ReturnType<typeof upgradeLine>
  away: boolean
}

/** How far a request has come in asking one after the other. */
interface Place {
  readonly line: readonly Instance[]
  readonly index: number
  /** When no further one is asked, by the process's own clock. */
  readonly until: number
}

const patience = 2_000
// After so many times what one connection may take, no further instance is asked: nobody waits for all of many.
const mostWaits = 3

// What this machine has run out of says nothing of the instance, and everybody would be moved.
const ours = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EACCES', 'EPERM'])

const anybody: Lead = { pin: 0, tell: 'never' }

export function appInstances(options: InstancesOptions): Upstream {
  const { urls, healthPath, cookie, log, headersTimeout } = options
  const { connectTimeout = 5_000, probeEvery = 1_000, gathering = 8_000 } = options
  const instances: readonly Instance[] = urls.map((url) => ({
    url,
    proxy: httpProxy({
      upstream: url,
      connectTimeout,
      ...(headersTimeout !== undefined && { headersTimeout }),
    }),
    upgrade: upgradeLine(),
    away: false,
  }))
  const order = instanceOrder(instances, ({ url }) => url.origin)
  const closing = new AbortController()
  let gatheredAt = 0

  /** The first place from `at` on whose instance is not passed over; the length of the line if there is none. */
  const reachable = (line: readonly Instance[], at: number): number => {
    let next = at
    while (line[next]?.away === true) next++
    return next
  }

  /** Whom to ask first. If all are passed over, the one that is meant: it may be back by now. */
  const first = ({ pin, tell }: Lead): Place => {
    const line = order.of(pin)
    const index = reachable(line, 0)
    const now = performance.now()
    // Newcomers have nothing anywhere that they would leave.
    const waits = now < gatheredAt && tell !== 'always'
    if (index >= line.length || waits) return { line, index: 0, until: now }
    return { line, index, until: now + mostWaits * connectTimeout }
  }

  /** Who is asked in the place of one that could not be reached; `null`: nobody. */
  const elsewhere = (at: Place, error: UpstreamError): Place | null => {
    return passOver(instanceAt(at), error) ? further(at) : null
  }

  const further = (at: Place): Place | null => {
    const index = reachable(at.line, at.index + 1)
    return index < at.line.length && performance.now() < at.until ? { ...at, index } : null
  }

  /** Whether another may be asked in its place. */
  const passOver = (instance: Instance, error: UpstreamError): boolean => {
    if (closing.signal.aborted || ours.has(codeOf(error.cause))) return false
    if (instance.away) return true
    instance.away = true
    log.write('warn', 'instance_passed_over', {
      instance: instance.url.origin,
      code: error.code,
      reason: error.message,
    })
    takeBack(instance).catch(() => undefined)
    return true
  }

  const takeBack = async (instance: Instance): Promise<void> => {
    const { signal } = closing
    do {
      await wait(probeEvery, undefined, { signal, ref: false })
    } while (!(await answers(new URL(healthPath, instance.url), signal)))
    if (instances.every(({ away }) => away)) gatheredAt = performance.now() + gathering
    instance.away = false
    log.write('info', 'instance_taken_back', { instance: instance.url.origin })
  }

  /** The Set-Cookie line for an answer of this instance, where the browser has to know. */
  const toldBy = ({ pin, tell }: Lead, instance: Instance, isMeant: boolean): string | null => {
    if (tell === 'never' || (tell === 'moved' && isMeant)) return null
    return cookie.write(writePin(isMeant ? pin : order.pinTo(instance, pin)), null)
  }

  const ask = (exchange: Exchange, lead: Lead, at: Place): void => {
    const instance = instanceAt(at)
    const told = toldBy(lead, instance, at.index === 0)
    instance.proxy.forward({
      ...exchange,
      // One browser's pin, kept by a cache and handed to all, would lead all of them to one instance.
      ...(told === null ? {} : { setCookie: [...exchange.setCookie, told], guarded: true }),
      onFailure: (error) => exchange.onFailure(failedAt(instance, error)),
      onUnreached(error) {
        const next = elsewhere(at, error)
        if (next !== null) ask(exchange, lead, next)
        return next !== null
      },
    })
  }

  const join = async (opening: SocketOpening, at: Place): Promise<Upgrade> => {
    const instance = instanceAt(at)
    let reached = false
    try {
      return await instance.upgrade({
        ...opening,
        ...{ upstream: instance.url, connectTimeout },
        onReached() {
          reached = true
        },
        isStillWanted: () => !instance.away || further(at) === null,
      })
    } catch (error) {
      // A client that left meanwhile ended the connection itself.
      if (!(error instanceof UpstreamError) || hasLeft(opening.client)) throw error
      // A line that is too long says nothing of whether the instance can be reached.
      const isKnown = reached || (error instanceof TurnError && !instance.away)
      const next = isKnown ? null : elsewhere(at, error)
      if (next === null) throw failedAt(instance, error)
      return join(opening, next)
    }
  }

  return {
    forward: (exchange, lead) => ask(exchange, lead ?? anybody, first(lead ?? anybody)),
    upgrade: (opening, lead) => join(opening, first(lead ?? anybody)),

    async close() {
      closing.abort()
      await Promise.all(instances.map(({ proxy }) => proxy.close()))
    },
  }
}

function instanceAt({ line, index }: Place): Instance {
  return line[index] as Instance
}

function failedAt({ url }: Instance, error: UpstreamError): InstanceError {
  return new InstanceError(error, url.origin, error.cause)
}

function codeOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : ''
}

/** Any answer that is no complaint of the instance's own. */
async function answers(url: URL, signal: AbortSignal): Promise<boolean> {
  try {
    const within = AbortSignal.any([AbortSignal.timeout(patience), signal])
    const answer = await fetch(url, { redirect: 'manual', signal: within })
    await answer.body?.cancel()
    return answer.status < 500
  } catch {
    return false
  }
}
