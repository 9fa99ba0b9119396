/** Which app it is. */
import type { AppPreset } from './apps/preset.ts'
import type { PresetChoice, UpstreamConfig } from './config.ts'

export interface Presets {
  generic(): AppPreset
  streamlit(): AppPreset
}

const patience = 2_000

/** As chosen; `auto` goes by the command, or asks a running app for Streamlit's own health path. */
export async function choosePreset(
  choice: PresetChoice,
  upstream: UpstreamConfig,
  base: string,
  presets: Presets,
): Promise<AppPreset> {
  if (choice !== 'auto') return presets[choice]()
  const streamlit =
    upstream.kind === 'command' ? startsStreamlit(upstream) : await answersAsStreamlit(upstream.url, base)
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

async function answersAsStreamlit(url: URL, base: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(patience)
    const answer = await fetch(new URL(`${base}/_stcore/health`, url), { redirect: 'manual', signal })
    return answer.ok && (await answer.text()).trim() === 'ok'
  } catch {
    return false
  }
}
