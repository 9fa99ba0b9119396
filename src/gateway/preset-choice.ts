/** Which app it is. */
import { setTimeout as wait } from 'node:timers/promises'
import { UpstreamError } from '../core/errors.ts'
import type { AppPreset } from './apps/preset.ts'
import type { GatewayConfig } from './config.ts'
import type { Log } from './log.ts'

export interface Presets {
  generic(): AppPreset
  streamlit(): AppPreset
}

const patience = 2_000
const pause = 250

/**
 * As chosen; `auto` goes by the command, or waits for the running app and asks it for Streamlit's own health path.
 * Rejects with `UpstreamError` if it does not answer in time: taken for another kind, it would lose its sessions at F5.
 */
export async function choosePreset(
  { preset, upstream, startTimeout }: Pick<GatewayConfig, 'preset' | 'upstream' | 'startTimeout'>,
  base: string,
  presets: Presets,
  log: Log,
  signal: AbortSignal,
): Promise<AppPreset> {
  if (preset !== 'auto') return presets[preset]()
  const streamlit =
    upstream.kind === 'command'
      ? startsStreamlit(upstream)
      : await answersAsStreamlit(
          upstream.urls.map((url) => new URL(`${base}/_stcore/health`, url)),
          { within: startTimeout, log, signal },
        )
  return streamlit ? presets.streamlit() : presets.generic()
}

/** The port that the app's own arguments fix; `null` if they fix none. */
export function ownPort(args: readonly string[]): number | null {
  for (const [index, arg] of args.entries()) {
    const match = /^--(?:server\.)?port(?:=(\d+))?$/.exec(arg)
    const port = Number(match?.[1] ?? (match === null ? Number.NaN : args[index + 1]))
    if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  }
  return null
}

function startsStreamlit({
  command,
  args,
}: {
  readonly command: string
  readonly args: readonly string[]
}): boolean {
  return [command, ...args].some((word) => /(^|[\\/])streamlit(\.exe)?$/.test(word))
}

interface Waiting {
  readonly within: number
  readonly log: Log
  readonly signal: AbortSignal
}

/** Instances of one app are all of a kind: whichever answers first says which. */
async function answersAsStreamlit(urls: readonly URL[], { within, log, signal }: Waiting): Promise<boolean> {
  const until = Date.now() + within
  const upstream = urls.map(({ origin }) => origin)
  for (let attempt = 0; ; attempt++) {
    try {
      return await Promise.any(urls.map((url) => isStreamlit(url, signal)))
    } catch (cause) {
      signal.throwIfAborted()
      if (Date.now() >= until) throw unreachable(upstream, within, cause)
    }
    if (attempt === 0) log.write('info', 'waiting_for_upstream', { upstream: upstream.join(' ') })
    await wait(pause, undefined, { signal })
  }
}

/** Rejects if it does not answer. */
async function isStreamlit(url: URL, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.any([AbortSignal.timeout(patience), signal]),
  })
  return answer.ok && (await answer.text()).trim() === 'ok'
}

function unreachable(upstream: readonly string[], within: number, cause: unknown): UpstreamError {
  return new UpstreamError(
    'ERR_UPSTREAM_UNREACHABLE',
    `Nothing answered at --upstream ${upstream.join(' or ')} within ${within / 1000} s. Start the app first, wait longer with ` +
      '--start-timeout, or say what it is with --preset to start without asking it.',
    { cause },
  )
}
