/** The server secrets: given, read from a file, or made once beside an embedded store. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigError } from '../core/errors.ts'

export interface SecretsOptions {
  /** As configured, newest first. */
  readonly given: readonly string[]
  readonly file: string | null
  /** The embedded store's file; `null` for a store that others share, or that forgets. */
  readonly storeFile: string | null
  /** Whether other machines share the store: then no secret is made up. */
  readonly shared: boolean
  /** Whether the store has been used: then a secret made up now would only hide that the right one is gone. */
  readonly used: boolean
}

/** Newest first. Throws `ConfigError` where none is given and none may be made. */
export async function serverSecrets(options: SecretsOptions): Promise<readonly string[]> {
  if (options.given.length > 0) return options.given
  if (options.file !== null) return parse(await read(options.file))
  if (options.shared) {
    throw new ConfigError(
      'ERR_SECRET_WEAK',
      'A store that several machines share needs the same secret on each: set HOLDFAST_SECRET, or --secret-file.',
    )
  }
  if (options.storeFile === null) return [randomBytes(32).toString('base64url')]
  const file = join(dirname(options.storeFile), 'secret')
  if (options.used && !existsSync(file)) {
    throw new ConfigError(
      'ERR_SECRET_UNKNOWN',
      `${file} is missing, and the store ${options.storeFile} was made with the secret in it. Put that file back, set ` +
        'HOLDFAST_SECRET to what was in it, or remove the store too: then everybody signs in anew.',
    )
  }
  return parse(await readOrMake(file))
}

async function readOrMake(file: string): Promise<string> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    // Exclusively: of two that start at once one makes it and the other reads it.
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(`${randomBytes(32).toString('base64url')}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(file, error)
  }
  await chmod(file, 0o600).catch(() => undefined)
  return waitUntilWritten(file)
}

/** Another process may have made the file a moment ago and not have written it yet. */
async function waitUntilWritten(file: string): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const text = await read(file)
    if (text.trim() !== '') return text
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new ConfigError(
    'ERR_SECRET_WEAK',
    `${file} is empty. Put the store's secret back, or remove file and store.`,
  )
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw unusable(file, error)
  }
}

function parse(text: string): readonly string[] {
  return text
    .split(/[\s,]+/)
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

function unusable(file: string, cause: unknown): ConfigError {
  const { code = 'unknown' } = cause as NodeJS.ErrnoException
  return new ConfigError(
    'ERR_CONFIG_INVALID',
    `The secret file ${file} cannot be used (${code}). Check its rights.`,
    {
      cause,
    },
  )
}
