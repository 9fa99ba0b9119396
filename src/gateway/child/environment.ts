/** The environment of an app that `run` starts. */
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownPath } from '../../pages/own-path.ts'
import type { AppPreset } from '../apps/preset.ts'

const pythonFolder = new URL('../../../python/src/', import.meta.url)

/** Ours added, and everything of the gateway's own configuration taken out: it holds secrets. */
export function appEnvironment(
  inherited: NodeJS.ProcessEnv,
  preset: Pick<AppPreset, 'name' | 'environment'>,
  base: string,
  port: number,
): NodeJS.ProcessEnv {
  const kept = Object.entries(inherited).filter(([name]) => !name.startsWith('HOLDFAST'))
  const theirs = Object.fromEntries(kept)
  const text = String(port)
  return {
    ...theirs,
    PORT: text,
    HOST: '127.0.0.1',
    GRADIO_SERVER_PORT: text,
    GRADIO_SERVER_NAME: '127.0.0.1',
    SHINY_PORT: text,
    SHINY_HOST: '127.0.0.1',
    STREAMLIT_SERVER_PORT: text,
    STREAMLIT_SERVER_ADDRESS: '127.0.0.1',
    ...preset.environment(),
    ...hook(preset, base, theirs.PYTHONPATH),
  }
}

/** What makes an app started by somebody else find the hook and the `holdfast` package. */
export function hook(
  preset: Pick<AppPreset, 'name'>,
  base: string,
  pythonPath: string | undefined,
): Readonly<Record<string, string>> {
  const folders = [new URL('holdfast/_hook/', pythonFolder), pythonFolder].map((url) => fileURLToPath(url))
  return {
    HOLDFAST: '1',
    HOLDFAST_PRESET: preset.name,
    HOLDFAST_SIGN_IN_PATH: ownPath(base, 'sign-in'),
    PYTHONPATH: [...folders, ...(pythonPath === undefined || pythonPath === '' ? [] : [pythonPath])].join(
      delimiter,
    ),
  }
}
