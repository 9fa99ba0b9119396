/** The browser script as the gateway hands it out. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { digest } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'

// The same place seen from `src/gateway` and from `dist/gateway`.
const file = new URL('../../dist/client/client.js', import.meta.url)

/** Reads the built script. Throws `ConfigError` where it was not built. */
export async function clientScript(): Promise<{ readonly body: string; readonly version: string }> {
  try {
    const body = await readFile(file, 'utf8')
    return { body, version: digest(body).slice(0, 12) }
  } catch (cause) {
    const message = `${fileURLToPath(file)} is missing: build it with npm run build.`
    throw new ConfigError('ERR_CONFIG_INVALID', message, { cause })
  }
}
