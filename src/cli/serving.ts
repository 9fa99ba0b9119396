/** A gateway from its first line to its last: ready, told to stop, drained. */
import type { GatewayConfig } from '../gateway/config.ts'
import type { LogFields, OpenLog } from '../gateway/log.ts'
import { type RunningGateway, runGateway } from '../gateway/wire.ts'

/**
 * Serves until a signal comes, and drains; the exit code. A second signal ends it at once, and so does what nobody
 * caught, after draining, with exit code 1. Rejects as `runGateway` does.
 */
export async function serveUntilStopped(config: GatewayConfig): Promise<number> {
  const log = await openLog(config.log)
  const stopping = new AbortController()
  let code = 0
  let gateway: RunningGateway | null = null

  const endAtOnce = (): never => {
    gateway?.kill()
    log.flush()
    process.exit(1)
  }
  const stop = (event: string, fields: LogFields): void => {
    log.write(code === 0 ? 'info' : 'error', event, fields)
    setTimeout(endAtOnce, longestStop).unref()
    stopping.abort(new Error('stopped'))
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping.signal.aborted) endAtOnce()
    stop('stopping', { signal })
  }
  const onUncaught = (error: unknown): void => {
    // The first says why it ends; what stopping brings up after it could be without end.
    if (code === 1) return
    code = 1
    stop('failed', {
      reason: String(error),
      ...(process.env.HOLDFAST_DEBUG === '1' && { stack: stackOf(error) }),
    })
  }
  for (const signal of signals) process.on(signal, onSignal)
  process.on('uncaughtException', onUncaught)
  process.on('unhandledRejection', onUncaught)

  try {
    gateway = await runGateway(config, log, stopping.signal)
    announce(gateway, config, log)
    await aborted(stopping.signal)
    await gateway.close()
    log.write('info', 'stopped')
    return code
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    log.write('info', 'stopped')
    return code
  } finally {
    for (const signal of signals) process.off(signal, onSignal)
    log.flush()
  }
}

// Under the 30 s after which Kubernetes kills without asking, and the app would be left behind.
const longestStop = 25_000
// SIGHUP: the terminal was closed, and the app must not outlive it unseen.
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

async function openLog(form: GatewayConfig['log']): Promise<OpenLog> {
  if (form === 'json') return (await import('../gateway/log-json.ts')).jsonLog(1)
  const { isTTY } = process.stdout
  const colour = isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb'
  return (await import('../gateway/log-pretty.ts')).prettyLog(process.stdout, colour)
}

function announce({ site, preset, adminOrigin }: RunningGateway, config: GatewayConfig, log: OpenLog): void {
  const url = `${site.origin}${site.base}`
  log.write('info', 'listening', {
    url,
    address: `${config.listen.host}:${site.port}`,
    app: preset,
    store: config.store.split(':', 1)[0] ?? '',
    access: config.access,
    ...(adminOrigin !== null && { admin: adminOrigin }),
    pid: process.pid,
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '') : ''
}
