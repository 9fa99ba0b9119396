/** A gateway from its first line to its last: ready, told to stop, drained. */
import type { GatewayConfig } from '../gateway/config.ts'
import type { OpenLog } from '../gateway/log.ts'
import { runGateway } from '../gateway/wire.ts'

/** Serves until a signal comes; the process's exit code. A second signal ends it at once. */
export async function serveUntilStopped(config: GatewayConfig): Promise<number> {
  const log = await openLog(config.log)
  const told = stopSignals(log)
  try {
    const gateway = await runGateway(config, log)
    log.write('info', 'listening', { url: `${gateway.site.origin}${gateway.site.base}`, app: gateway.preset })
    const code = await told
    await gateway.close()
    log.write('info', 'stopped')
    return code
  } catch (error) {
    log.flush()
    process.stderr.write(`${(error as Error).message}\n`)
    return 2
  } finally {
    log.flush()
    process.exit()
  }
}

async function openLog(kind: GatewayConfig['log']): Promise<OpenLog> {
  if (kind === 'json') return (await import('../gateway/log-json.ts')).jsonLog(1)
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
  return (await import('../gateway/log-pretty.ts')).prettyLog(process.stdout, colour)
}

function stopSignals(log: OpenLog): Promise<number> {
  let stopping = false
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(1)
        stopping = true
        log.write('info', 'stopping', { signal })
        resolve(0)
      })
    }
  })
}
