/** What stands behind the gateway: one app, or several instances of one. */
import { type Exchange, type HttpProxyOptions, httpProxy } from './http.ts'
import type { Lead } from './lead.ts'
import type { Upgrade } from './upgrade.ts'
import { type InLine, upgradeLine } from './upgrade-line.ts'

/** A WebSocket to open; where to, the upstream decides. */
export type SocketOpening = Omit<InLine, 'upstream' | 'connectTimeout' | 'onReached' | 'isStillWanted'>

export interface Upstream {
  /** `lead` says which instance is meant; `null` where there is one only. */
  forward(exchange: Exchange, lead: Lead | null): void
  /** Rejects with `UpstreamError` if the upstream cannot be reached or does not answer in time. */
  upgrade(opening: SocketOpening, lead: Lead | null): Promise<Upgrade>
  close(): Promise<void>
}

export function oneUpstream(options: HttpProxyOptions): Upstream {
  const { forward, close } = httpProxy(options)
  const { upstream } = options
  const upgrade = upgradeLine()
  return { forward, close, upgrade: (opening) => upgrade({ ...opening, upstream }) }
}
