/** The environment of an app that `run` starts. */
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownPath } from '../../pages/own-path.ts'
import type { AppPreset } from '../apps/preset.ts'

const pythonFolder = new URL('../../../python/src/', import.meta.url)

/** Where an app reaches its state, and the key it shows there. */
export interface StateAccess {
  readonly url: string
  readonly key: string
}

// Switches of the Python package, no configuration of the gateway's.
const forTheApp: ReadonlySet<string> = new Set([
  'HOLDFAST_TESTS',
  'HOLDFAST_FORCE_URL_SESSION_IN_TESTS',
  'HOLDFAST_DISABLE_URL_SESSION',
  'HOLDFAST_URL_SESSION_QUERY_PARAM',
])

/** Ours added, and everything of the gateway's own configuration taken out: it holds secrets. */
export function appEnvironment(
  inherited: NodeJS.ProcessEnv,
  preset: Pick<AppPreset, 'name' | 'environment'>,
  base: string,
  port: number,
  state: StateAccess | null,
): NodeJS.ProcessEnv {
  const kept = Object.entries(inherited).filter(
    ([name]) => !name.startsWith('HOLDFAST') || forTheApp.has(name),
  )
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
    ...stateVariables(state),
  }
}

/** What tells an app where its state is. */
export function stateVariables(state: StateAccess | null): Readonly<Record<string, string>> {
  return state === null ? {} : { HOLDFAST_URL: state.url, HOLDFAST_STATE_KEY: state.key }
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
