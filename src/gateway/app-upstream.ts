/** What stands behind a gateway: the one app, or the several instances of one. */
import type { GatewayParts } from './parts.ts'
import { appInstances, type InstancesOptions } from './proxy/instances.ts'
import { oneUpstream } from './proxy/upstream.ts'

/** With one app no browser need be told which one is its own. */
export function openUpstream(options: InstancesOptions): Pick<GatewayParts, 'upstream' | 'instanceCookie'> {
  const { urls, cookie, headersTimeout } = options
  const [upstream, ...others] = urls
  if (upstream === undefined || others.length > 0)
    return { upstream: appInstances(options), instanceCookie: cookie }
  const limits = headersTimeout === undefined ? {} : { headersTimeout }
  return { upstream: oneUpstream({ upstream, ...limits }), instanceCookie: null }
}
