import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { replaceFile } from '../../auth/atomic-file.ts'
import type { SessionStore } from '../../core/contracts.ts'
import { ConfigError } from '../../core/errors.ts'
import { openKeyring, rotateSecrets } from '../../core/keyring.ts'
import type { Config } from '../../gateway/config.ts'
import { secretsOf } from '../../gateway/sessions.ts'
import { openStore, storeFile } from '../../gateway/store-choice.ts'
import { type Command, storeSettings } from '../command.ts'
import { configured } from '../configured.ts'
import { hasStore } from '../ended-sessions.ts'
import { say } from '../terminal.ts'

/** Replaces the server secret without signing anybody out. */
export const secretsRotate: Command = {
  name: 'secrets rotate',
  synopsis: '[options]',
  about: 'Replace the server secret; nobody is signed out',
  settings: storeSettings,
  options: [],
  words: [0, 0],
  takesCommand: false,
  notes: [
    'The secret only wraps the key that everything else comes from, so a new one re-wraps that key and the old one is ' +
      'worthless from then on: to a gateway, and to whoever has a copy of it and of the store as it is now.',
    'With the secret file that Holdfast made beside an sqlite store, this command does all of it. With HOLDFAST_SECRET ' +
      'or --secret-file it goes in three steps: 1. put the new secret in front of the old one (HOLDFAST_SECRET=new,old) ' +
      'and start every gateway again; 2. leave the old one out and start every gateway again; 3. run this command ' +
      'with the new one alone: the old one is forgotten.',
    'A copy of the store from before still opens with the old secret: destroy such copies.',
  ],
  examples: [
    ['holdfast secrets rotate', 'Makes a new secret for the embedded store.'],
    ['HOLDFAST_SECRET="$NEW" holdfast secrets rotate --store sqlite:/data/holdfast.db', 'The third step.'],
  ],
  async run(call) {
    const { config } = await configured(call)
    if (config.store === 'memory:') {
      throw new ConfigError(
        'ERR_CONFIG_INVALID',
        '--store memory: forgets its secret by itself; there is none to replace.',
      )
    }
    if (!hasStore(config)) {
      throw new ConfigError(
        'ERR_CONFIG_INVALID',
        `There is no store ${config.store} yet. Is it the right --store?`,
      )
    }
    const store = await openStore(config.store)
    try {
      return await rotate(config, store, await secretsOf(config, store))
    } finally {
      await store.close()
    }
  },
}

async function rotate(config: Config, store: SessionStore, secrets: readonly string[]): Promise<number> {
  const file = storeFile(config.store)
  if (config.secrets.length > 0 || config.secretFile !== null || file === null) {
    await rotateSecrets(store, secrets)
    const count = secrets.length === 1 ? 'the given secret' : `the ${secrets.length} given secrets`
    say(`The store opens with ${count} and with no other from now on.`)
    if (secrets.length > 1)
      say('When every gateway has the first of them, give that one alone and run this again.')
    return 0
  }
  // Proves the old ones before the file is touched.
  await openKeyring(store, secrets)
  const secretFile = join(dirname(file), 'secret')
  const fresh = randomBytes(32).toString('base64url')
  // Whatever happens between these steps, file and store go together: the file names both for as long as the store may need either.
  await write(secretFile, [fresh, ...secrets])
  await openKeyring(store, [fresh, ...secrets])
  await rotateSecrets(store, [fresh])
  await write(secretFile, [fresh])
  say(`A new secret is in ${secretFile}; the old one opens nothing any more. Nobody was signed out.`)
  say('Gateways that run now go on; the next start reads the new one.')
  return 0
}

async function write(file: string, secrets: readonly string[]): Promise<void> {
  try {
    await replaceFile(file, `${secrets.join('\n')}\n`, async () => {})
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `The secret file ${file} cannot be written (${code}). Check its rights.`,
      {
        cause,
      },
    )
  }
}
