/** The browser scripts as the gateway hands them out. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { digest } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'

/** A script of ours, below `/_holdfast/`. */
export interface BrowserScript {
  readonly name: 'client.js' | 'passkey.js' | 'streamlit.js'
  readonly body: string
  /** Changes with the content, and so does the script's URL. */
  readonly version: string
}

// The same place seen from `src/gateway` and from `dist/gateway`.
const folder = new URL('../../dist/client/', import.meta.url)

/** Reads a built script. Throws `ConfigError` where it was not built. */
export async function browserScript(name: BrowserScript['name']): Promise<BrowserScript> {
  const file = new URL(name, folder)
  try {
    const body = await readFile(file, 'utf8')
    return { name, body, version: digest(body).slice(0, 12) }
  } catch (cause) {
    const message = `${fileURLToPath(file)} is missing: build it with npm run build.`
    throw new ConfigError('ERR_CONFIG_INVALID', message, { cause })
  }
}
