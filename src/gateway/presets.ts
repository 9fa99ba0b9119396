/** The presets, made ready for one gateway; and what a Streamlit app must be started with. */
import { toBase64url } from '../core/crypto.ts'
import { sealedState } from '../core/sealed-state.ts'
import { genericPreset } from './apps/generic.ts'
import type { AppPreset } from './apps/preset.ts'
import { streamlitPreset } from './apps/streamlit.ts'
import { hook, type StateAccess, stateVariables } from './child/environment.ts'
import type { Presets } from './preset-choice.ts'
import type { OpenedSessions } from './sessions.ts'
import type { Site } from './site.ts'

export interface PresetParts extends Pick<OpenedSessions, 'store' | 'keyring'> {
  /** The app's name in the store. */
  readonly app: string
  readonly site: Site
  onError(error: unknown): void
}

/** Each preset, made when it is asked for. */
export function presetsFor({ store, keyring, app, site, onError }: PresetParts): Presets {
  return {
    generic: genericPreset,
    streamlit: () =>
      streamlitPreset({
        state: sealedState(store, keyring),
        app,
        // From the store's root key: the same on every replica, and after every restart.
        cookieSecret: toBase64url(keyring.key('streamlit-cookie/v1')),
        publicOrigin: site.origin,
        base: site.base,
        now: Date.now,
        onError,
      }),
  }
}

/** The environment of an app that somebody else starts and `serve` stands in front of. Holds a secret. */
export function environmentBehindServe(
  preset: AppPreset,
  { base }: Site,
  state: StateAccess | null,
): Readonly<Record<string, string>> {
  return { ...preset.environment(), ...hook(preset, base, undefined), ...stateVariables(state) }
}
