/** A password that somebody sets: asked for unseen, twice, or read from standard input. */
import { ConfigError } from '../core/errors.ts'
import type { Call } from './command.ts'
import { askUnseen, canAsk, lineFromInput } from './terminal.ts'

/** Rejects with `ConfigError` where there is nobody to ask, or the two differ. */
export async function newPassword({ options }: Call, prompt: string): Promise<string> {
  if (options.has('password-stdin')) {
    const password = await lineFromInput()
    if (password !== '') return password
    throw new ConfigError('ERR_CONFIG_INVALID', '--password-stdin: there was no line on standard input.')
  }
  if (!canAsk()) {
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      'There is no terminal to ask for the password: use --password-stdin.',
    )
  }
  const password = await askUnseen(`${prompt}: `)
  if ((await askUnseen('Once more: ')) === password) return password
  throw new ConfigError('ERR_CONFIG_INVALID', 'The two differ; nothing was changed.')
}
